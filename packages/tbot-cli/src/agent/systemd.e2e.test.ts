import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { RunningProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawSockets } from '../../../tbot-daemon/test-support/raw-sockets.ts';
import { Journey, rfdConfig, TBOT, tbot } from '../../test-support/journey.ts';

// An agent under systemd, as far as a process sees it: a socket that is there before it, and somebody to be told.

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

const raw = rawSockets();

test.runIf(raw)(
  'a unit with socket activation, a watchdog, diagnostics and an audit chain',
  async () => {
    const [socket, notify, diag] = [journey.path('ci.sock'), journey.path('notify'), journey.path('diag.sock')];
    const [audit, config] = [journey.path('audit.log'), journey.path('tbot.yaml')];
    const address = journey.cluster.authAddress;
    writeFileSync(
      config,
      rfdConfig({ address, socket, more: `  audit: { file: ${audit}, chain: true }\ndiag_addr: unix://${diag}` }),
    );
    const bot = await journey.newBot();
    const token = await journey.cluster.createToken({ botName: bot });
    const [listening, told] = [raw!.listen(socket, 0o600), raw!.bindDatagram(notify)];
    // Somebody asks before there is an agent.
    const early = journey.startGenerate(socket, journey.path('early'));
    const pins = journey.cluster.caPins.flatMap((pin) => ['--ca-pin', pin]);
    await using agent = new RunningProgram(
      'sh',
      [
        ...['-c', 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"', 'sh', process.execPath, TBOT],
        ...['start', '-c', config, '--token', token, ...pins],
      ],
      {
        env: { LISTEN_FDS: '1', LISTEN_FDNAMES: 'tbot.socket', NOTIFY_SOCKET: notify, WATCHDOG_USEC: '100000' },
        fds: [listening],
      },
    );
    expect(await early.finished).toMatchObject({ code: 0 });
    await agent.printed('ready');
    const next = async (): Promise<string> => {
      let text: string | undefined;
      await expect.poll(() => (text = raw!.receive(told)), { timeout: 10_000, interval: 5 }).toBeDefined();
      return text!;
    };
    expect([await next(), await next(), await next()]).toEqual([
      `READY=1\nSTATUS=serving ${socket}`,
      'WATCHDOG=1',
      'WATCHDOG=1',
    ]);

    expect(await get(diag, '/livez')).toEqual([200, 'ok\n']);
    const [status, body] = await get(diag, '/readyz');
    expect({ status, ...JSON.parse(body) }).toMatchObject({
      status: 'healthy',
      services: { 'bot-identity': { status: 'healthy' }, [socket]: { status: 'healthy' } },
    });
    const [, metrics] = await get(diag, '/metrics');
    const count = 'tbot_socket_requests_total';
    expect(metrics).toContain(
      `${count}{socket="${socket}",kind="application",trigger="",outcome="issued",reason=""} 1\n`,
    );
    expect(metrics).toContain(`tbot_audit_sequence{file="${audit}"} 1\n`);
    expect(metrics).toContain('tbot_bot_state{state="running"} 1\n');
    const secrets = [token, ...keyLines(readFileSync(journey.path('early', 'key'), 'utf8'))];
    for (const secret of secrets) expect(metrics + body + agent.output).not.toContain(secret);

    agent.kill();
    expect(await agent.finished).toMatchObject({ code: 0 });
    raw!.close(told);
    raw!.close(listening);
    // Not the agent's own, so it stays; and what the agent was, systemd knows.
    expect(existsSync(socket)).toBe(true);
    const verified = await tbot(['audit', 'verify', audit]);
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok: one record\nhead: 1:[0-9a-f]{64}\n$/),
    });
  },
  90_000,
);

function keyLines(pem: string): string[] {
  return pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
}

function get(socketPath: string, path: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode, text]));
    });
    call.on('error', reject);
    call.end();
  });
}
