/** Virtual seconds per wall second over about the last second. */
interface Sample {
  readonly virtual: number;
  readonly wall: number;
}

const WINDOW_MS = 1_000;

export class SpeedMeter {
  #samples: Sample[] = [];

  /** `virtual` in ns, `wall` in ms; 0 until there are two samples. */
  update(virtual: number, wall: number): number {
    this.#samples.push({ virtual, wall });
    while (this.#samples.length > 2 && wall - this.#samples[1]!.wall >= WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    return wall > first.wall ? (virtual - first.virtual) / 1e6 / (wall - first.wall) : 0;
  }
}
