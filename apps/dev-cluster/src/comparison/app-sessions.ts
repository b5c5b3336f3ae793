import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from './comparison.ts';
import type { Caller, Scene } from './scene.ts';

// Sessions of applications: who makes, sees and ends them.

const app = { PublicAddr: 'foo.localhost', ClusterName: 'root.test', AppName: 'foo', URI: 'http://127.0.0.1:9' };

async function made(it: Scene, caller: Caller = 'bob'): Promise<string> {
  const Username = caller === 'admin' ? 'alice' : caller;
  const { Session } = await it.client(caller).call(Auth, 'createAppSession', { Username, ...app });
  return Session?.Metadata?.Name ?? '';
}

const create = (more: object = {}) => call(Auth, 'createAppSession', { Username: 'bob', ...app, ...more });
/** Keys are as long as they happen to be. */
const ignore = ['Revision', 'TLSPriv'];

export const appSessions: readonly Comparison[] = [
  { name: 'app session: make', caller: 'bob', question: create(), ignore },
  {
    name: 'app session: make, of nothing',
    caller: 'bob',
    question: call(Auth, 'createAppSession', { Username: 'bob' }),
    ignore,
  },
  { name: 'app session: make, for another', caller: 'bob', question: create({ Username: 'alice' }) },
  { name: 'app session: make, for another with the right', caller: 'admin', question: create(), ignore },
  { name: 'app session: make, for nobody', caller: 'admin', question: create({ Username: 'nosuch' }) },
  { name: 'app session: make, without a certificate', caller: 'nobody', question: create() },
  {
    name: 'app session: see',
    caller: 'bob',
    question: call(Auth, 'getAppSession', async (it) => ({ SessionID: await made(it) })),
    eventually: true,
    ignore,
  },
  {
    name: 'app session: see another’s',
    caller: 'bob',
    question: call(Auth, 'getAppSession', async (it) => ({ SessionID: await made(it, 'admin') })),
  },
  {
    name: 'app session: see another’s with the right',
    caller: 'admin',
    question: call(Auth, 'getAppSession', async (it) => ({ SessionID: await made(it) })),
    ignore,
  },
  { name: 'app session: see none', caller: 'bob', question: call(Auth, 'getAppSession', { SessionID: 'nosuch' }) },
  { name: 'app session: see, no id', caller: 'bob', question: call(Auth, 'getAppSession', {}) },
  { name: 'app session: list one’s own', caller: 'bob', question: call(Auth, 'listAppSessions', { user: 'bob' }) },
  {
    name: 'app session: list those of nobody',
    caller: 'admin',
    question: call(Auth, 'listAppSessions', { user: 'nosuch' }),
  },
  {
    name: 'app session: end',
    caller: 'bob',
    question: call(Auth, 'deleteAppSession', async (it) => ({ SessionID: await made(it) })),
  },
  {
    name: 'app session: end another’s',
    caller: 'bob',
    question: call(Auth, 'deleteAppSession', async (it) => ({ SessionID: await made(it, 'admin') })),
  },
  { name: 'app session: end none', caller: 'bob', question: call(Auth, 'deleteAppSession', { SessionID: 'nosuch' }) },
  {
    name: 'app session: end all of one’s own',
    caller: 'bob',
    question: call(Auth, 'deleteUserAppSessions', { Username: 'bob' }),
  },
  { name: 'app session: end all, no right', caller: 'bob', question: call(Auth, 'deleteAllAppSessions', {}) },
  { name: 'app session: end all', caller: 'admin', question: call(Auth, 'deleteAllAppSessions', {}) },
  { name: 'app session: list none', caller: 'admin', question: call(Auth, 'listAppSessions', {}), eventually: true },
];
