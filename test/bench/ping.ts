/** Twenty pings on a path: what the guest's ping prints is virtual time; how long that takes to compute is measured. */
import type { PathKind } from '../../emulator/topology/topology.ts';
import type { Figure } from './figures.ts';
import { runCommands, sameInAll } from './lab.ts';

const COUNT = 20;

/** Round-trip times in ms, as busybox prints them. */
function roundTrips(output: string): number[] {
  const times = [...output.matchAll(/ seq=\d+ ttl=\d+ time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  if (times.length !== COUNT) throw new Error(`${times.length} of ${COUNT} pings were answered:\n${output}`);
  return times;
}

export async function benchPing(path: PathKind, runs: number): Promise<Figure[]> {
  const whole: number[] = [];
  const command: number[] = [];
  const rtts: number[][] = [];
  for (let run = 0; run < runs; run++) {
    const { outcome, executed } = await runCommands(path, [`ping -c ${COUNT} 192.168.76.2`]);
    whole.push(outcome.wallMs.total);
    command.push(executed[0]!.wallMs);
    rtts.push(roundTrips(executed[0]!.output));
  }
  const rtt = sameInAll(`The ping on path ${path}`, rtts);
  return [
    { id: `ping.${path}.rtt`, what: `${path}: round trip (20)`, kind: 'modelled', unit: 'ms', samples: rtt },
    { id: `ping.${path}.command`, what: `${path}: ping -c 20`, kind: 'measured', unit: 'ms', samples: command },
    { id: `ping.${path}.run`, what: `${path}: the run, boot included`, kind: 'measured', unit: 'ms', samples: whole },
  ]; // prettier-ignore
}
