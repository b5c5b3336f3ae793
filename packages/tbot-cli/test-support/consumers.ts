import { areInstalled } from '@teleport-ts/dev-cluster/testing';

/** Whether a program that uses our files is there; says so in one line where it is not. */
export async function isInstalled(program: string): Promise<boolean> {
  return areInstalled(program);
}
