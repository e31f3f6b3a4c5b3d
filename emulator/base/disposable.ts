/** Everything started can be stopped by its owner. */
export interface Disposable {
  /** Idempotent; releases timers, listeners and ports. */
  dispose(): void;
}

/** Owns disposables and releases them in reverse order of registration. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  /** Registers a function to run on dispose. */
  defer(dispose: () => void): void {
    this.add({ dispose });
  }

  dispose(): void {
    this.#disposed = true;
    for (let item = this.#items.pop(); item; item = this.#items.pop()) item.dispose();
  }
}
