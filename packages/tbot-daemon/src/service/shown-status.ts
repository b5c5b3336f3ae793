import type { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import type { Peer } from '../sockets/peer.ts';

/**
 * What a caller of a socket is told of the agent: everything for who runs it and for root; others see the bot and their own
 * socket. Which sockets there are besides, for which roles, and what failed on them, is not theirs to know.
 *
 * @param path of the socket that is asked
 * @param agentUid user id of the agent; absent where the system has none
 */
export function shownStatus(
  status: GetStatusResponse,
  path: string,
  peer: Peer | undefined,
  agentUid: number | undefined = process.getuid?.(),
): GetStatusResponse {
  const all = peer !== undefined && (peer.uid === 0 || peer.uid === agentUid);
  return all ? status : { ...status, sockets: status.sockets.filter((socket) => socket.path === path) };
}
