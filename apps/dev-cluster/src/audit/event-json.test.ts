import { EventsUnstructured } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log';
import { Events } from '@teleport-ts/api-types/proto/teleport/proto/audit';
import { describe, expect, it } from 'vitest';
import { recordedMessage } from '../testing/recorded.ts';
import { eventJson } from './event-json.ts';

// The same events of a real cluster, once typed and once as JSON.

const typed = recordedMessage('get-events-order1', Events).Items.map(({ Event }) => Event!);
const json = new Map(
  recordedMessage('get-unstructured-events', EventsUnstructured).items.map((item) => [item.id, item]),
);

describe('the JSON of an event', () => {
  const both = typed.filter(({ value }) => json.has(value.Metadata?.ID ?? ''));

  it('is known of enough recorded events', () => {
    expect(both.length).toBeGreaterThan(5);
  });

  it.each(both.map((event) => [event.value.Metadata?.Type, event] as const))(
    'is the recorded one: %s',
    (_type, event) => {
      const recorded = json.get(event.value.Metadata?.ID ?? '');
      expect(eventJson(event)).toEqual(recorded?.unstructured);
    },
  );
});
