/** Columns of the packet list. */
import type { PacketRow } from '../../worker/api.ts';
import { secondsText } from '../ui/format.ts';

export interface Column {
  readonly label: string;
  readonly numeric: boolean;
  readonly text: (row: PacketRow) => string;
}

export const ROW_HEIGHT = 22;

export const columns: readonly Column[] = [
  { label: 'No.', numeric: true, text: (r) => String(r.index) },
  { label: 'Time', numeric: true, text: (r) => secondsText(r.at) },
  { label: 'Source', numeric: false, text: (r) => r.source },
  { label: 'Destination', numeric: false, text: (r) => r.destination },
  { label: 'Protocol', numeric: false, text: (r) => r.protocol },
  { label: 'Length', numeric: true, text: (r) => String(r.length) },
  { label: 'Info', numeric: false, text: (r) => r.info },
];
