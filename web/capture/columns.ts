/** Columns of the packet list. */
import { frameNumber } from '../../labs/frame-number.ts';
import type { PacketRow } from '../../worker/api.ts';
import { secondsText } from '../ui/format.ts';

export interface Column {
  readonly id: string;
  readonly label: string;
  readonly numeric: boolean;
  readonly text: (row: PacketRow) => string;
}

/** A row takes as many lines as it needs to be read without scrolling sideways. */
export type RowLines = 'one' | 'two' | 'three';
export const ROW_HEIGHT: Readonly<Record<RowLines, number>> = { one: 22, two: 41, three: 59 };

/** For a list this many px wide. */
export const linesFor = (width: number): RowLines => (width >= 780 ? 'one' : width >= 470 ? 'two' : 'three');

export const columns: readonly Column[] = [
  { id: 'no', label: 'No.', numeric: true, text: (r) => String(frameNumber(r.index)) },
  { id: 'time', label: 'Time', numeric: true, text: (r) => secondsText(r.at) },
  { id: 'source', label: 'Source', numeric: false, text: (r) => r.source },
  { id: 'destination', label: 'Destination', numeric: false, text: (r) => r.destination },
  { id: 'protocol', label: 'Protocol', numeric: false, text: (r) => r.protocol },
  { id: 'length', label: 'Length', numeric: true, text: (r) => String(r.length) },
  { id: 'info', label: 'Info', numeric: false, text: (r) => r.info },
];
