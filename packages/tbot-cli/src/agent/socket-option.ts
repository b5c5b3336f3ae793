import { UsageError } from '../exit.ts';

/** The socket that `--socket` or `TBOT_SOCKET` names. @throws UsageError when neither does */
export function socketOf(
  option: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const socket = option ?? environment.TBOT_SOCKET;
  if (!socket) throw new UsageError('the socket is missing', 'name it: --socket /run/tbot.sock');
  return socket;
}
