import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openAuditFile } from './audit-file.ts';
import type { AuditSink } from './audit-sink.ts';
import { verifyAuditFiles } from './verify-chain.ts';

// Whatever happens to an agent and its file in order, or by kill and power cut, leaves a chain that holds; and where
// a chain had to begin anew, that is seen.

type Step = 'record' | 'restart' | 'kill' | 'torn' | 'rename' | 'empty';

const RUNS = process.env.SOAK ? 5000 : 60;
const steps = fc.array(
  fc.oneof(
    { arbitrary: fc.constant<Step>('record'), weight: 4 },
    { arbitrary: fc.constantFrom<Step>('restart', 'kill', 'torn', 'rename', 'empty'), weight: 5 },
  ),
  { maxLength: 25 },
);

/** An agent's file with all that was rotated away, and what should be found there. */
class Life {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'audit-life-'));
  readonly path: string = join(this.folder, 'audit.log');
  readonly rotated: string[] = [];
  records = 0;
  /** Chains that had to begin anew. */
  begun = 0;
  #sink: AuditSink | undefined;

  async do(step: Step): Promise<void> {
    const sink = await this.#open();
    if (step === 'record') {
      await sink.record({ time: '', event: 'credential', socket: '/s', outcome: 'issued', latency_ms: this.records });
      this.records += 1;
      // Number 1 though it is not the first: nothing was left of the one before.
      if (sink.head?.()?.sequence === 1 && this.records > 1) this.begun += 1;
    } else if (step === 'restart') {
      await this.close();
    } else if (step === 'kill' || step === 'torn') {
      await this.close();
      rmSync(join(this.folder, '.audit.log.head'), { force: true });
      if (step === 'torn') appendFileSync(this.path, '{"time":"","event":"cred');
    } else {
      const name = `${this.path}.${this.rotated.length}`;
      this.rotated.push(name);
      if (step === 'rename') renameSync(this.path, name);
      else {
        copyFileSync(this.path, name);
        truncateSync(this.path, 0);
      }
    }
  }

  async #open(): Promise<AuditSink> {
    this.#sink ??= await openAuditFile(this.path, { chain: true });
    // A renamed file is missed with the next record; the steps need one that is there.
    if (!statSync(this.path, { throwIfNoEntry: false })) appendFileSync(this.path, '');
    return this.#sink;
  }

  async close(): Promise<void> {
    await this.#sink?.[Symbol.asyncDispose]();
    this.#sink = undefined;
  }
}

test('a chain survives what an agent and its file go through', async () => {
  const seen = { begun: 0, notes: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const life = new Life();
      try {
        for (const step of list) await life.do(step);
        await life.do('record');
        await life.close();
        const { records, problems, notes } = await verifyAuditFiles([...life.rotated, life.path]);
        expect({ records, problems: problems.length }).toEqual({ records: life.records, problems: life.begun });
        seen.begun += life.begun;
        seen.notes += notes.length;
      } finally {
        await life.close();
        rmSync(life.folder, { recursive: true, force: true });
      }
    }),
    { numRuns: RUNS },
  );
  // The hard cases were among them.
  expect(seen.begun).toBeGreaterThan(0);
  expect(seen.notes).toBeGreaterThan(0);
}, 600_000);
