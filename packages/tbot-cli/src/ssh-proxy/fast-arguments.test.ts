import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sshProxyCommandWith } from '../commands/ssh-proxy-command.ts';
import { createProgram } from '../program.ts';
import { SSH_PROXY_FLAGS, SSH_PROXY_VALUES, type SshProxyArguments } from './arguments.ts';
import { fastSshProxyArguments } from './fast-arguments.ts';

// The hand parser and the full one must never understand a command line in two ways.

async function fullParser(argv: readonly string[]): Promise<SshProxyArguments> {
  let given: SshProxyArguments | undefined;
  const command = sshProxyCommandWith(async (read) => {
    given = read;
  });
  await createProgram(argv, [command]).parseAsync();
  if (!given) throw new Error('the command was not run');
  return given;
}

const value = fc.oneof(
  fc.constantFrom('web-1.root.example.com', '3022', 'localhost:443', '/opt/id', '007', 'true', 'x=y', '"q"', ' ', '%r'),
  fc.string({ minLength: 1, maxLength: 6 }),
);
const valueOption = fc
  .tuple(fc.constantFrom(...Object.values(SSH_PROXY_VALUES)), value, fc.boolean())
  .map(([name, text, joined]) => (joined ? [`--${name}=${text}`] : [`--${name}`, text]));
const flag = fc
  .tuple(fc.constantFrom(...Object.values(SSH_PROXY_FLAGS)), fc.boolean())
  .map(([name, isNo]) => [`--${isNo ? 'no-' : ''}${name}`]);
const runs = process.env.SOAK ? 3_000 : 25;

test('the line of an ssh_config is read as by the full parser', async () => {
  const line =
    'ssh-proxy-command --destination-dir=/opt/id --proxy-server=localhost:443 --cluster=root.test --tls-routing --no-connection-upgrade --resume --user=root --host=web-1.root.test --port=3022';
  const argv = line.split(' ');
  const expected = {
    destinationDir: '/opt/id',
    proxyServer: 'localhost:443',
    cluster: 'root.test',
    tlsRouting: true,
    connectionUpgrade: false,
    resume: true,
    user: 'root',
    host: 'web-1.root.test',
    port: '3022',
  };
  expect(fastSshProxyArguments(argv)).toEqual(expected);
  expect(await fullParser(argv)).toEqual(expected);
});

test('never is a line read otherwise, or one that the full parser refuses', async () => {
  const noise = fc.constantFrom(['--roles', 'a,b'], ['--help'], ['stray'], ['--'], ['-x'], ['--tls-routing=false']);
  const line = fc.array(fc.oneof({ weight: 6, arbitrary: valueOption }, { weight: 3, arbitrary: flag }, noise), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(line, async (parts) => {
      const argv = ['ssh-proxy-command', ...parts.flat()];
      const fast = fastSshProxyArguments(argv);
      if (fast) expect(fast).toEqual(await fullParser(argv));
    }),
    { numRuns: runs },
  );
});
