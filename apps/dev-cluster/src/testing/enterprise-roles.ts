import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RealTeleport } from './real-teleport.ts';

const exec = promisify(execFile);

/** What a community edition honours in a role, but lets nobody write: reviews and thresholds of access requests. */
export interface EnterpriseRole {
  readonly name: string;
  /** In the words of YAML: `{ review_requests: { roles: ['*'] } }`. */
  readonly allow?: Readonly<Record<string, unknown>>;
  readonly deny?: Readonly<Record<string, unknown>>;
}

/** Rows are JSON under the key of the role. */
const SCRIPT = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for role in json.load(sys.stdin):
    key = '/roles/' + role['name'] + '/params'
    (value,) = db.execute('select value from kv where key = ?', (key,)).fetchone()
    stored = json.loads(value)
    for part in ('allow', 'deny'):
        stored['spec'].setdefault(part, {}).update(role.get(part) or {})
    db.execute('update kv set value = ? where key = ?', (json.dumps(stored).encode(), key))
db.commit()
`;

/** Writes such roles into the store of a real cluster, which is down meanwhile. Needs Python. */
export async function writeEnterpriseRoles(teleport: RealTeleport, roles: readonly EnterpriseRole[]): Promise<void> {
  for (const { name } of roles) await teleport.createRole(name, {});
  await teleport.restart(async (folder) => {
    const running = exec('python3', ['-c', SCRIPT, join(folder, 'data', 'backend', 'sqlite.db')]);
    running.child.stdin?.end(JSON.stringify(roles));
    await running;
  });
}
