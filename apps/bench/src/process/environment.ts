/** The environment of every process that is measured: without what makes each start of Node slower, whoever set it. */
export function bareEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...more };
}
