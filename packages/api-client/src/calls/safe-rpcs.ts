/** First words of the names of methods that only read; Teleport's own definitions say so of six methods in all. */
const READING = /^(?:Get|List|Search|Ping|Is|Count|Find|Resolve|Export|Stream)(?![a-z])/;

/** Names that begin so and yet do something, or wait for something. */
const NOT_READING: ReadonlySet<string> = new Set([
  // Makes the record that it then waits for.
  'GetHeadlessAuthentication',
  // Sends a message to an agent, and measures the way.
  'PingInventory',
]);

/**
 * Whether a method is known to only read, so that asking twice is as good as asking once.
 *
 * @param rpc full name, `/proto.AuthService/GetRole`
 */
export function isSafeRpc(rpc: string): boolean {
  const name = rpc.slice(rpc.lastIndexOf('/') + 1);
  return READING.test(name) && !NOT_READING.has(name);
}
