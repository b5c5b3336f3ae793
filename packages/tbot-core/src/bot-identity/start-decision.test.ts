import { readFile } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryDestination } from '../destinations/memory.ts';
import { BotIdentityStore, hashToken, type StoredIdentity } from './bot-identity-store.ts';
import { decideStart } from './start-decision.ts';

const TOKEN_HASH = hashToken('b0e5daad71bac3ad8bc1ae884b7b6caa');
const DURING = Date.parse('2026-11-22T01:50:00Z');
const AFTER = Date.parse('2026-11-22T02:30:00Z');
const BEFORE = Date.parse('2026-11-22T01:20:00Z');

let found: StoredIdentity;
beforeAll(async () => {
  const destination = new MemoryDestination();
  for (const file of ['key', 'key-cert.pub', 'tlscert', 'tlscacerts', 'sshcacerts', 'tokenhash']) {
    const path = new URL(`../../testdata/teleport-18/tbot-store/${file}`, import.meta.url);
    await destination.write({ [file]: await readFile(path) });
  }
  found = await new BotIdentityStore(destination).load();
});

const none: StoredIdentity = { state: 'none' };
const unreadable: StoredIdentity = { state: 'unreadable', reason: new TeleportError('bad_parameter', 'torn') };

function decide(stored: StoredIdentity, nowMs: number, tokenHash?: string, persistent = true): string {
  try {
    return decideStart(stored, { nowMs, tokenHash, persistent }).action;
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error;
    return `${error.code}: ${error.message} (${error.hint})`;
  }
}

describe('decideStart', () => {
  it('renews a valid identity, with its own token or with none', () => {
    expect(decide(found, DURING)).toBe('renew');
    expect(decide(found, DURING, TOKEN_HASH)).toBe('renew');
  });

  it('joins when the token is another, whatever the store holds', () => {
    for (const nowMs of [BEFORE, DURING, AFTER]) expect(decide(found, nowMs, hashToken('other'))).toBe('join');
    expect(decide(none, DURING, TOKEN_HASH)).toBe('join');
    expect(decide(unreadable, DURING, TOKEN_HASH)).toBe('join');
  });

  it('joins when the identity has ended, or says that it has', () => {
    expect(decide(found, AFTER, TOKEN_HASH)).toBe('join');
    expect(decide(found, AFTER)).toMatch(/^expired: .*2026-11-22T02:29:10.*new token/);
  });

  it('says how far the clock is behind', () => {
    expect(decide(found, BEFORE)).toMatch(/^unknown: .*not yet valid: it begins 8m10s from now.*set the clock/);
  });

  it('says what is missing', () => {
    expect(decide(none, DURING)).toMatch(/^bad_parameter: there is no stored identity and no token.*--token/);
    expect(decide(none, DURING, undefined, false)).toContain('memory store forgets at each restart');
    expect(decide(unreadable, DURING)).toMatch(/^bad_parameter: torn, and there is no token/);
  });
});
