import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { errorLines, exitCodeOf } from './exit.ts';
import { runProgram } from './program.ts';
import { reach } from './reach.ts';

describe('a mistake', () => {
  let directory: TemporaryDirectory;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
    await using cluster = await DevCluster.start({ dataDir: directory.path, listen: false });
    cluster.upsertRole({ name: 'deployer' });
    cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    await cluster.addApplication({ name: 'foo' });
    for (const id of ['1', '2']) cluster.addNode({ hostname: 'twin', id });
  });

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  it.each<[string, number, string]>([
    ['start --nope', 2, 'error: unknown option --nope\nhint: `dev-cluster start --help` shows more'],
    ['start --bot :x', 2, 'error: --bot ":x": expected name:role1,role2\n'],
    ['start --app =x', 2, 'error: --app "=x": expected name or name=uri\n'],
    ['lss', 2, 'error: unknown command "lss"\nhint: did you mean ls?'],
    ['ls', 2, 'error: something is missing behind `dev-cluster ls`\nhint: '],
    ['ls pods', 2, 'error: unknown kind "pods"\nhint: kinds: app, '],
    ['ls apps --nope', 2, 'error: unknown option --nope\nhint: `dev-cluster ls --help` shows more'],
    ['ls apps --format xml', 2, 'error: format "xml" is none of its values\nhint: it takes "text", "json"'],
    ['ls apps --format text --format json', 2, 'error: --format is given more than once'],
    ['get app', 2, 'error: which app? there is no name'],
    ['get role nope', 1, 'error: there is no role "nope"\nhint: dev-cluster ls role lists'],
    ['add', 2, 'error: say what to add\nhint: '],
    ['add ap x', 2, 'error: unknown kind "ap"\nhint: did you mean app?'],
    ['add app UPPER', 2, 'error: application name "UPPER" must be a lower case host name'],
    ['add app foo', 1, 'error: app "foo" is there already\nhint: --replace replaces it'],
    ['add app bar --label x', 2, 'error: --label "x": expected name=value'],
    ['add user eve --role nope', 1, 'error: there is no role "nope"\nhint: make it: dev-cluster add role nope'],
    ['add role r --rule user', 2, 'error: --rule "user": expected kind,kind:verb,verb\nhint: '],
    ['add token --bot nobody', 1, 'error: there is no bot "nobody"\nhint: '],
    ['add token --bot ci --ttl soon', 2, 'error: --ttl "soon" is no duration\nhint: '],
    ['add lock', 2, 'error: at least one target field must be set'],
    [
      'rm role bot-ci',
      1,
      'error: the role "bot-ci" belongs to the bot ci\nhint: remove the bot: dev-cluster rm bot ci',
    ],
    ['rm authority host', 1, 'error: a cluster cannot be without an authority\nhint: '],
    ['rotate hosts init', 1, 'error: there is no authority "hosts"\nhint: did you mean host?'],
    ['rotate host later', 2, 'error: phase "later" is none of its values\nhint: '],
    ['sign', 2, 'error: --user must be given\nhint: `dev-cluster sign --help` shows more'],
    ['sign --user carl', 1, 'error: there is no user "carl"\nhint: '],
    ['sign --user bot-ci --out /nowhere/x', 2, 'error: --out: ENOENT'],
    [
      'ls apps --data-dir /nowhere',
      1,
      'error: there is no cluster in /nowhere\nhint: start one there: dev-cluster start --data-dir',
    ],
  ])('%s: ends with %i', async (line, code, text) => {
    const where = line.includes('--data-dir') ? [] : [`--data-dir=${directory.path}`];
    const error = await runProgram([...line.split(' '), ...where]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(errorLines(error).slice(0, text.length)).toBe(text);
    expect(exitCodeOf(error)).toBe(code);
  });

  it('is told of when no data directory is named', async () => {
    delete process.env.DEV_CLUSTER_DATA_DIR;
    await expect(runProgram(['ls', 'apps'])).rejects.toThrow('which cluster? there is no --data-dir');
  });

  it('is told of when a process that takes no commands has the directory', async () => {
    await using _ = await DevCluster.start({ dataDir: directory.path, listen: false });
    await expect(reach(directory.path, 'list', { kind: 'app' }, { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'connection_problem',
      message: `the process ${process.pid} uses ${directory.path} and takes no commands`,
    });
  });
});
