import type { RoleMapping } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';

/**
 * The local roles that the holder of remote roles gets. A remote role is named by its name, by a glob with `*`, or by a
 * regular expression between `^` and `$`, whose groups `$1` … stand in the local names. What maps to nothing is left out,
 * and so is an expression that is none.
 */
export function mapRoles(roleMap: readonly RoleMapping[], remote: readonly string[]): string[] {
  // Somebody without any role still matches what matches everything.
  const roles = remote.length === 0 ? [''] : remote.filter((role) => role !== IMPLICIT_ROLE);
  const mapped = roleMap.flatMap(({ Remote, Local }) => {
    const expression = compile(Remote);
    if (!expression) return [];
    return roles.flatMap((role) => {
      const match = expression.exec(role);
      return match ? Local.map((local) => filledIn(local, match)) : [];
    });
  });
  return [...new Set(mapped)].filter((role) => role !== '');
}

/** Every user has it, everywhere. */
const IMPLICIT_ROLE = 'default-implicit-role';

function compile(pattern: string): RegExp | undefined {
  const isExpression = pattern.startsWith('^') && pattern.endsWith('$');
  const glob = pattern
    .split('*')
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.*)');
  try {
    return new RegExp(isExpression ? pattern : `^${glob}$`);
  } catch {
    return undefined;
  }
}

/** `$1` and `${1}` by what the groups matched, `$$` by a dollar; a group that is not there is empty. */
function filledIn(local: string, match: RegExpExecArray): string {
  return local.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const name = (bare ?? braced) as string;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}
