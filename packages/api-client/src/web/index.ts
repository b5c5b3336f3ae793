export { find, ping } from './find.ts';
export { type JoinRequest, joinOverWeb } from './join.ts';
export type { FindAnswer, PingAnswer, ProxySettings } from './proxy-answers.ts';
export type { WebOptions } from './web-request.ts';
