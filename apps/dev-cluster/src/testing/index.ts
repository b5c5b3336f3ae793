export {
  type CannedAuthority,
  CannedCredentials,
  type CannedRequest,
} from './canned-credentials.ts';
export { type Finished, type ProgramOptions, RunningProgram, runProgram } from './program.ts';
export { type RealApplication, RealTeleport, type RealTeleportOptions, teleportBinDir } from './real-teleport.ts';
