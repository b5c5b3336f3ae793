import { expect, test } from 'vitest';
import { UsageError } from './exit.ts';
import { runProgram } from './program.ts';

async function refusal(line: string): Promise<[string, string | undefined]> {
  const error = await runProgram(line.split(' ').filter(Boolean)).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(UsageError);
  const { message, hint } = error as UsageError;
  return [message, hint];
}

test.each([
  ['', 'say what to do: a command is missing', 'commands: start, generate, '],
  ['--verbos', 'unknown option --verbos', '`tbot --help`'],
  ['--versoin', 'unknown option --versoin', 'did you mean --version? `tbot --help`'],
  ['-v', 'unknown option -v', '`tbot --help`'],
  ['kube --socket /x', 'unknown option --socket', '`tbot kube --help`'],
  ['generate --socket=/x', 'say what to generate: identity, application, database or kubernetes', 'commands: '],
  ['generate app --app x --dry-run=yes', '--dry-run "yes" is none of its values', 'write --dry-run alone'],
  ['start --insecure=1 -c x', '--insecure "1" is none of its values', 'write --insecure alone'],
  ['generate app --out=yes --dry-run=true --exec x --watch=1', 'no socket is given', 'TBOT_SOCKET'],
  ['audit verify', '<files> is missing', '`tbot audit verify --help`'],
  ['generat', 'unknown command "generat"', 'did you mean generate? `tbot --help`'],
  ['xyz', 'unknown command "xyz"', '`tbot --help`'],
  ['start --tokn x', 'unknown option --tokn', 'did you mean --token? `tbot start --help`'],
  ['start --credential-tl 1h', 'unknown option --credential-tl', 'did you mean --credential-ttl?'],
  ['start -x', 'unknown option -x', '`tbot start --help`'],
  ['start -c', '-c needs a value', '`tbot start --help`'],
  ['start extra', 'unknown argument "extra"', '`tbot start --help`'],
  [
    'generate',
    'say what to generate: identity, application, database or kubernetes',
    'commands: identity, application, database, kubernetes;',
  ],
  ['generate --socket /x aplication', 'unknown command "aplication"', 'did you mean application?'],
  ['generate --socket /x tunnel --out /y', 'unknown command "tunnel"', '`tbot generate --help`'],
  ['generate db --app-name x --out /y', 'unknown option --app-name', '`tbot generate database --help`'],
  ['generate app --app x --out /y -- psql', 'words behind -- need --exec before them', 'write --exec CMD'],
  ['generate --socket /x app --appname x --out /y', 'unknown option --appname', '`tbot generate application --help`'],
  ['completion', '<shell> is missing', '`tbot completion --help`'],
  ['completion tcsh', '<shell> "tcsh" is none of its values', 'it takes bash, zsh, fish'],
  ['ssh-proxy-comand', 'unknown command "ssh-proxy-comand"', 'did you mean ssh-proxy-command?'],
  ['ssh-proxy-command --hots x', 'unknown option --hots', 'did you mean --host? `tbot ssh-proxy-command --help`'],
  ['status --format yaml', '--format "yaml" is none of its values', 'it takes text, json'],
])('tbot %s', async (line, message, hint) => {
  const refused = await refusal(line);
  expect(refused).toEqual([message, expect.stringContaining(hint)]);
});

test('a value that is a word of the command line is not taken for the unknown one', async () => {
  expect(await refusal('start --config tokn --tokn=x')).toEqual(['unknown option --tokn', expect.anything()]);
});
