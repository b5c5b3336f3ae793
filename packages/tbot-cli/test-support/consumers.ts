import { runProgram } from '@teleport-ts/dev-cluster/testing';

/** Whether a program that uses our files is there; says so in one line where it is not. */
export async function isInstalled(program: string): Promise<boolean> {
  const found = await runProgram('sh', ['-c', `command -v ${program}`]).then(
    ({ code }) => code === 0,
    () => false,
  );
  if (!found) console.log(`tests with ${program} are skipped: it is not installed`);
  return found;
}
