// Every message recorded from a real Teleport 18.0.0 passes through the generated code unharmed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import type { GenericDefinition, MessageCodec } from './service-definition.ts';

const recordings = join(import.meta.dirname, '../testdata/teleport-18/wire');
const generated = join(import.meta.dirname, 'gen');

interface Recording {
  readonly file: string;
  readonly method: string;
  readonly request?: string;
  readonly response?: string;
  readonly bytes?: number;
}

type Message = Record<string, unknown>;
type Module = Record<string, unknown>;

/** Messages by their full protobuf name, and the enum values of all modules by their names. */
const codecs = new Map<string, MessageCodec<Message>>();
const enumNumbers = new Map<string, Set<number>>();
const services = new Map<string, GenericDefinition>();

for (const path of readdirSync(generated, { recursive: true, encoding: 'utf8' })) {
  if (!path.endsWith('.ts')) continue;
  const module: Module = await import(join(generated, path));
  const folders = path.split('/').slice(0, -1);
  const protobufPackage = folders.length === 2 && folders[0] === 'teleport' ? folders[1] : folders.join('.');
  for (const [name, value] of Object.entries(module) as [string, Record<string, unknown>][]) {
    if (typeof value.decode === 'function') {
      codecs.set(`${protobufPackage}.${name}`, value as unknown as MessageCodec<Message>);
    } else if (typeof value.fullName === 'string') {
      services.set(value.fullName, value as unknown as GenericDefinition);
    } else {
      for (const [key, number] of Object.entries(value)) {
        if (typeof number === 'number') enumNumbers.set(key, (enumNumbers.get(key) ?? new Set()).add(number));
      }
    }
  }
}

const index: Recording[] = JSON.parse(readFileSync(join(recordings, 'index.json'), 'utf8'));
const files = new Set(readdirSync(recordings, { recursive: true, encoding: 'utf8' }));
const types = new Map<string, string>();
for (const { file, request, response } of index) {
  if (response !== undefined) types.set(file, response);
  // The answers of a stream are numbered and share one request.
  const stream = file.replace(/\.\d+$/, '').replace(/\/\d\d-.*/, '/events');
  if (request !== undefined) for (const name of [file, stream]) types.set(`${name}.request`, request);
}
const recorded = [...types].map(([name, type]) => ({ name, type })).filter(({ name }) => files.has(`${name}.bin`));

/**
 * Go wrote the fields of these submessages (a path of field numbers) in another order than by number; the order of
 * fields carries no meaning (protobuf encoding, "field order").
 */
const reordered = new Map([['list-resources-node-total', [1]]]);

const bytesOf = (name: string): Buffer => readFileSync(join(recordings, `${name}.bin`));
const codecOf = (type: string): MessageCodec<Message> => {
  const codec = codecs.get(type);
  if (codec === undefined) throw new Error(`no generated message ${type}`);
  return codec;
};

describe('messages recorded from Teleport 18', () => {
  it('are all looked at', () => {
    const binaries = [...files].filter((file) => file.endsWith('.bin')).sort();
    expect(recorded.map(({ name }) => `${name}.bin`).sort()).toEqual(binaries);
    expect(binaries.length).toBeGreaterThan(200);
  });

  it.each(recorded)('$name is written back as it came', ({ name, type }) => {
    const original = bytesOf(name);
    const path = reordered.get(name);
    const bytes = path === undefined ? original : sortedBelow(original, path);
    if (path !== undefined) expect(bytes.equals(original), 'no longer needs sorting').toBe(false);
    const codec = codecOf(type);
    const message = codec.decode(original);
    expect(unknownFields(message)).toEqual([]);
    for (const copy of [message, codec.fromPartial(message)]) {
      expect(Buffer.from(codec.encode(copy).finish()).toString('hex')).toBe(bytes.toString('hex'));
    }
  });

  it.each(recorded)('$name holds what Go reads in it', ({ name, type }) => {
    const json = JSON.parse(readFileSync(join(recordings, `${name}.json`), 'utf8'));
    expect(disagreements(codecOf(type).decode(bytesOf(name)), json, '')).toEqual([]);
  });

  it('belong to methods that the service definitions name', () => {
    const removed = ['/proto.AuthService/CreateAccessRequest', '/teleport.nope.v1.Nope/Nope'];
    for (const { method, request, response } of index.filter((entry) => !removed.includes(entry.method))) {
      const [, service = '', name] = method.split('/');
      const definition = Object.values(services.get(service)?.methods ?? {}).find((other) => other.name === name);
      expect(definition, method).toBeDefined();
      if (request !== undefined) expect(definition?.requestType, method).toBe(codecOf(request));
      if (response !== undefined) expect(definition?.responseType, method).toBe(codecOf(response));
    }
  });
});

/** The same message with the fields of the submessages at `path` sorted by number, stably; lengths do not change. */
function sortedBelow(bytes: Buffer, path: readonly number[]): Buffer {
  const fields: { number: number; head: Buffer; body: Buffer }[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const bodyStart = wireType === WireType.LengthDelimited ? reader.pos + varintLength(bytes, reader.pos) : reader.pos;
    reader.skip(wireType, number);
    fields.push({ number, head: bytes.subarray(start, bodyStart), body: bytes.subarray(bodyStart, reader.pos) });
  }
  const [next, ...rest] = path;
  if (next === undefined) fields.sort((a, b) => a.number - b.number);
  const body = (field: { number: number; body: Buffer }) =>
    field.number === next ? sortedBelow(field.body, rest) : field.body;
  return Buffer.concat(fields.flatMap((field) => [field.head, body(field)]));
}

function varintLength(bytes: Buffer, at: number): number {
  let length = 1;
  while ((bytes[at + length - 1] ?? 0) >= 0x80) length += 1;
  return length;
}

/** Paths of submessages that hold fields the contracts do not know. */
function unknownFields(value: unknown, path = ''): string[] {
  if (value instanceof Map) return [...value].flatMap(([key, item]) => unknownFields(item, `${path}{${key}}`));
  if (Array.isArray(value)) return value.flatMap((item, at) => unknownFields(item, `${path}[${at}]`));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (key !== '_unknownFields') return unknownFields(item, `${path}.${key}`);
    return Object.keys(item ?? {}).length > 0 ? [path] : [];
  });
}

/** Where a decoded value is not what the proto3 JSON of the same bytes says; field by field, both ways. */
function disagreements(value: unknown, json: unknown, path: string): string[] {
  const differs = (): string[] => [`${path}: ${describeValue(value)} is not ${JSON.stringify(json)}`];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64') === json ? [] : differs();
  if (typeof value === 'bigint') return `${value}` === json ? [] : differs();
  if (typeof value === 'number' && typeof json === 'string') return enumNumbers.get(json)?.has(value) ? [] : differs();
  if (value instanceof Map) return disagreements(Object.fromEntries(value), json, path);
  if (Array.isArray(value)) {
    if (typeof json === 'string') return value.join(',') === json ? [] : differs();
    if (!Array.isArray(json) || json.length !== value.length) return differs();
    return value.flatMap((item, at) => disagreements(item, json[at], `${path}[${at}]`));
  }
  if (typeof value !== 'object' || value === null) return value === json ? [] : differs();
  if (typeof json === 'string') return timeText(value as Message, json) === json ? [] : differs();
  if (typeof json !== 'object' || json === null) return differs();
  return fieldDisagreements(value as Message, json as Message, path);
}

function fieldDisagreements(message: Message, json: Message, path: string): string[] {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(message)) {
    if (key === '_unknownFields') continue;
    const member = value as { $case?: string; value?: unknown } | undefined;
    if (member?.$case === undefined) fields.set(plain(key), value);
    else fields.set(plain(member.$case), member.value);
  }
  const told = new Set(Object.keys(json).map(plain));
  const untold = [...fields].filter(([key, value]) => !told.has(key) && !isDefault(value));
  return [
    ...untold.map(([key, value]) => `${path}.${key}: ${describeValue(value)} is not in the recording`),
    ...Object.entries(json).flatMap(([key, item]) =>
      fields.has(plain(key))
        ? disagreements(fields.get(plain(key)), item, `${path}.${key}`)
        : [`${path}.${key}: missing`],
    ),
  ];
}

/** RFC 3339 or seconds, with as many digits of the fraction as proto3 JSON writes: none, 3, 6 or 9. */
function timeText(time: Message, like: string): string {
  const seconds = time.seconds as bigint;
  const nanos = `${Math.abs(time.nanos as number)}`.padStart(9, '0');
  const fraction = nanos === '000000000' ? '' : `.${nanos.replace(/(?:000){1,2}$/, '')}`;
  if (like.endsWith('s')) return `${seconds}${fraction}s`;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

const plain = (key: string): string => key.replaceAll('_', '').toLowerCase();

function isDefault(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  return value === undefined || value === '' || value === 0 || value === 0n || value === false;
}

function describeValue(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'undefined';
}
