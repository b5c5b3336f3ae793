import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyPair } from './key-pair.ts';
import { RsaKeyPool } from './rsa-key-pool.ts';

/** A maker whose pairs come when the test says so; the number in a pair tells when it was begun. */
class Maker {
  begun = 0;
  readonly #open: { resolve: (pair: KeyPair) => void; reject: (error: unknown) => void; pair: KeyPair }[] = [];

  readonly make = (): Promise<KeyPair> =>
    new Promise((resolve, reject) => {
      const pair = { sshPublicKey: `${this.begun++}` } as KeyPair;
      this.#open.push({ resolve, reject, pair });
    });

  get underWay(): number {
    return this.#open.length;
  }

  /** Ends what was begun first. */
  async finish(error?: Error): Promise<void> {
    const first = this.#open.shift();
    if (error) first?.reject(error);
    else first?.resolve(first.pair);
    await new Promise(setImmediate);
  }

  async finishAll(): Promise<void> {
    while (this.underWay > 0) await this.finish();
  }
}

const number = async (pair: Promise<KeyPair>): Promise<number> => Number((await pair).sshPublicKey);

describe('a stock of RSA pairs', () => {
  it('makes none before one is asked for, then fills up, a few at a time', async () => {
    const maker = new Maker();
    const pool = new RsaKeyPool({ stock: 5, makers: 2, make: maker.make });
    expect(maker.begun).toBe(0);
    const first = pool.take();
    expect(maker.underWay).toBe(2);
    await maker.finish();
    expect(await number(first)).toBe(0);
    while (maker.underWay > 0) {
      expect(maker.underWay).toBeLessThanOrEqual(2);
      await maker.finish();
    }
    expect(maker.begun).toBe(6);
    await pool.take();
    expect(maker.begun).toBe(7);
  });

  it('gives each pair to one taker, in their order', async () => {
    const maker = new Maker();
    const pool = new RsaKeyPool({ stock: 3, makers: 2, make: maker.make });
    const waiting = Array.from({ length: 10 }, () => pool.take());
    await maker.finishAll();
    const numbers = await Promise.all(waiting.map(number));
    expect(numbers).toEqual([...numbers.keys()]);
    const later = await Promise.all([pool.take(), pool.take(), pool.take()].map(number));
    expect(new Set([...numbers, ...later]).size).toBe(13);
  });

  it('makes none for those who have gone', async () => {
    const maker = new Maker();
    const pool = new RsaKeyPool({ stock: 1, makers: 1, make: maker.make });
    const gone = new AbortController();
    const left = Array.from({ length: 5 }, () => pool.take(gone.signal));
    const stayed = pool.take();
    gone.abort(new Error('gone'));
    for (const take of left) await expect(take).rejects.toThrow('gone');
    await maker.finishAll();
    expect(await number(stayed)).toBe(0);
    expect(maker.begun).toBe(2);
    await expect(pool.take(gone.signal)).rejects.toThrow('gone');
  });

  it('tells the one who waits of a failure, and makes the next for the next', async () => {
    const maker = new Maker();
    const pool = new RsaKeyPool({ stock: 2, makers: 1, make: maker.make });
    const unlucky = pool.take();
    const lucky = pool.take();
    const told = expect(unlucky).rejects.toThrow('no entropy');
    await maker.finish(new Error('no entropy'));
    await told;
    await maker.finish();
    expect(await number(lucky)).toBe(1);
    // For the stock alone a failure is not tried again: that would never end.
    await maker.finish(new Error('no entropy'));
    expect(maker.underWay).toBe(0);
    const next = pool.take();
    await maker.finish();
    expect(await number(next)).toBe(3);
  });

  it('that is closed serves those who wait and is not filled again', async () => {
    const maker = new Maker();
    const pool = new RsaKeyPool({ stock: 3, makers: 1, make: maker.make });
    await Promise.all([pool.take(), maker.finishAll()]);
    const waiting = Array.from({ length: 4 }, () => pool.take());
    pool.close();
    await maker.finishAll();
    await Promise.all(waiting);
    expect(maker.begun).toBeLessThanOrEqual(6);
    const late = pool.take();
    await maker.finishAll();
    expect((await late).sshPublicKey).toBeDefined();
    expect(maker.underWay).toBe(0);
  });

  it('makes real ones', async () => {
    const pool = new RsaKeyPool({ stock: 0 });
    const { privateKey } = await pool.take();
    expect(privateKey.asymmetricKeyDetails).toEqual(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.asymmetricKeyDetails,
    );
  });
});
