/** xterm.js, wrapped once: the guest's serial console. OSC 133 marks become places to jump to. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal, type IMarker } from '@xterm/xterm';
import { darkTheme, lightTheme } from './themes.ts';

const SCROLLBACK = 5_000;
const PROMPTS_KEPT = 500;

export interface ConsolePorts {
  readonly onInput: (text: string) => void;
  readonly onResize: (rows: number, columns: number) => void;
  /** Leaves the terminal for the next (or previous) panel. */
  readonly onLeave: (forward: boolean) => void;
}

export class Console {
  readonly terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #prompts: IMarker[] = [];
  readonly #ports: ConsolePorts;
  #observer: ResizeObserver | undefined;
  #fitAsked = false;

  constructor(ports: ConsolePorts) {
    this.#ports = ports;
    this.terminal = new Terminal({
      fontFamily: "'JetBrains Mono', ui-monospace, monospace",
      fontSize: 13,
      lineHeight: 1.15,
      scrollback: SCROLLBACK,
      cursorBlink: false,
      // Contrast of whatever colours a program picks.
      minimumContrastRatio: 4.5,
      rightClickSelectsWord: false,
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    this.terminal.onData((text) => ports.onInput(text));
    this.terminal.onResize(({ rows, cols }) => ports.onResize(rows, cols));
    this.terminal.parser.registerOscHandler(133, (data) => {
      if (data.startsWith('A')) this.#markPrompt();
      return true;
    });
  }

  /** Puts the terminal into an element and keeps it fitted; returns the function that takes it out. */
  open(element: HTMLElement): () => void {
    this.terminal.open(element);
    this.fit();
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(element);
    return () => {
      this.#observer?.disconnect();
      this.terminal.dispose();
    };
  }

  write(bytes: Uint8Array): void {
    this.terminal.write(bytes);
  }

  setTheme(dark: boolean): void {
    this.terminal.options.theme = dark ? darkTheme : lightTheme;
  }

  setScreenReader(on: boolean): void {
    this.terminal.options.screenReaderMode = on;
  }

  setFontSize(px: number): void {
    this.terminal.options.fontSize = px;
    this.fit();
  }

  focus(): void {
    this.terminal.focus();
  }

  /** Once a frame at most; not while hidden, when there is no size to fit to. */
  fit(): void {
    if (this.#fitAsked) return;
    this.#fitAsked = true;
    requestAnimationFrame(() => {
      this.#fitAsked = false;
      const element = this.terminal.element?.parentElement;
      if (element && element.clientWidth > 0 && element.clientHeight > 0) this.#fit.fit();
    });
  }

  async copy(): Promise<boolean> {
    const text = this.terminal.getSelection();
    if (text === '') return false;
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }

  /** False: the browser does not allow reading the clipboard. */
  async paste(): Promise<boolean> {
    try {
      this.terminal.paste(await navigator.clipboard.readText());
      return true;
    } catch {
      return false;
    }
  }

  #key(event: KeyboardEvent): boolean {
    if (event.key === 'F6') {
      if (event.type === 'keydown') {
        event.preventDefault();
        event.stopPropagation();
        this.#ports.onLeave(!event.shiftKey);
      }
      return false;
    }
    if (!event.ctrlKey || !event.shiftKey || event.altKey) return true;
    const act = {
      KeyC: () => void this.copy(),
      KeyV: () => void this.paste(),
      ArrowUp: () => this.#jump(-1),
      ArrowDown: () => this.#jump(1),
    }[event.code];
    if (!act) return true;
    event.preventDefault();
    if (event.type === 'keydown') act();
    return false;
  }

  #markPrompt(): void {
    const marker = this.terminal.registerMarker(0);
    if (!marker) return;
    this.#prompts.push(marker);
    if (this.#prompts.length > PROMPTS_KEPT) this.#prompts.shift()?.dispose();
  }

  #jump(direction: 1 | -1): void {
    const top = this.terminal.buffer.active.viewportY;
    const lines = this.#prompts.filter((m) => !m.isDisposed).map((m) => m.line);
    const target = direction < 0 ? lines.findLast((l) => l < top) : lines.find((l) => l > top);
    if (target !== undefined) this.terminal.scrollToLine(target);
  }
}
