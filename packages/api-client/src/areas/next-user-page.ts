/**
 * Where the next page of users begins. Teleport 18.0 names the place right behind the user who would be its first (`bob0`
 * for `bob`), so that this one, and all whose names lie between, would stand on no page. Where a cluster names it rightly
 * the name without its last character has been passed already, or is nobody's.
 *
 * @param token as the cluster says it
 * @param reached names that are on the page or before it
 */
export function nextUserPage(token: string, ...reached: readonly (string | undefined)[]): string {
  if (!token.endsWith('0')) return token;
  const first = token.slice(0, -1);
  const isAhead = reached.every((name) => Buffer.compare(Buffer.from(first), Buffer.from(name ?? '')) > 0);
  return isAhead ? first : token;
}
