/** Shapes that the capture defines for itself, since it may not import the worker, are those of the worker's API. */
import { expectTypeOf, it } from 'vitest';
import type { CaptureInterface } from '../../emulator/capture/capture.ts';
import type { EvidencePacket } from '../../emulator/capture/evidence.ts';
import type { Field } from '../../emulator/capture/field.ts';
import type { Summary } from '../../emulator/capture/summary.ts';
import type * as Api from '../../worker/api.ts';

it('evidence, fields, interfaces and rows match the worker API (checked by the type checker)', () => {
  expectTypeOf<EvidencePacket>().toEqualTypeOf<Api.EvidencePacket>();
  expectTypeOf<Field>().toEqualTypeOf<Api.PacketField>();
  expectTypeOf<CaptureInterface>().toExtend<Api.CaptureInterface>();
  expectTypeOf<Summary>().toExtend<Pick<Api.PacketRow, 'source' | 'destination' | 'protocol' | 'info'>>();
});
