/** `--socket`, of the commands that ask an agent. */
export const socketOption = {
  type: 'string',
  requiresArg: true,
  describe: 'Socket of the agent: file:///path, unix:///path or a path [env: TBOT_SOCKET]',
} as const;
