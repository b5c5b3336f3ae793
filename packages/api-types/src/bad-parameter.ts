import { TeleportError } from './teleport-error.ts';

/** A resource that no cluster would take; the text names the field, and is the one that a Teleport 18 answers with. */
export const badParameter = (message: string): TeleportError => new TeleportError('bad_parameter', message);
