/** Shapes that the capture defines for itself, since it may not import the worker, are those of the worker's API. */
import { expectTypeOf, it } from 'vitest';
import type { CaptureInterface } from '../../emulator/capture/capture.ts';
import type { Summary } from '../../emulator/capture/summary.ts';
import type * as Api from '../../worker/api.ts';

it('interfaces and rows match the worker API (checked by the type checker)', () => {
  expectTypeOf<CaptureInterface>().toExtend<Api.CaptureInterface>();
  expectTypeOf<Summary>().toExtend<Pick<Api.PacketRow, 'source' | 'destination' | 'protocol' | 'info'>>();
});
