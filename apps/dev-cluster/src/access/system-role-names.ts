import { SYSTEM_ROLES } from './system-roles.ts';

/** The roles of Teleport's own services as they are written, by their names in small letters. */
export const SYSTEM_ROLES_BY_LOWER_NAME: ReadonlyMap<string, string> = new Map(
  [...SYSTEM_ROLES].map((role) => [role.toLowerCase(), role]),
);
