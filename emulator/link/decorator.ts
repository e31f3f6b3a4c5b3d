/** Base of links that stand in front of another link and let pass what they do not change. */
import type { Disposable } from '../base/disposable.ts';
import type { Frame } from '../base/frame.ts';
import type { Link } from '../base/link.ts';
import { ignoreFrame, ignoreReady } from '../base/link.ts';

/** Takes over `onReceive` and `onReady` of the link behind it until disposed of. */
export class LinkDecorator implements Link, Disposable {
  onReceive: (frame: Frame) => void = ignoreFrame;
  onReady: () => void = ignoreReady;
  protected readonly inner: Link;

  constructor(inner: Link) {
    this.inner = inner;
    inner.onReceive = (frame) => this.received(frame);
    inner.onReady = () => this.onReady();
  }

  transmit(frame: Frame): void {
    this.inner.transmit(frame);
  }

  ready(): boolean {
    return this.inner.ready();
  }

  dispose(): void {
    this.inner.onReceive = ignoreFrame;
    this.inner.onReady = ignoreReady;
  }

  /** A frame has come from the link behind. */
  protected received(frame: Frame): void {
    this.onReceive(frame);
  }
}
