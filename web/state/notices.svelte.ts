/** What the page has to tell: banners that stay until they are answered, and short sentences for screen readers. */
import type { ApiError } from '../../worker/api.ts';

export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

export interface Notice {
  /** A new notice with the same id takes the old one's place. */
  readonly id: string;
  readonly kind: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly text: string;
  readonly actions: readonly NoticeAction[];
}

const TITLES: Readonly<Record<ApiError['code'], string>> = {
  'no-webassembly': 'This browser cannot run the machine',
  'image-missing': 'The guest image is missing',
  'image-corrupt': 'The guest image is damaged',
  'bad-topology': 'This lab’s network cannot be built',
  'bad-mac': 'That MAC address cannot be used',
  'bad-path': 'That path cannot be used',
  'not-open': 'No machine is open',
  'guest-not-ready': 'The guest is not ready',
  'machine-failed': 'The machine stopped',
  internal: 'Something in Tapline went wrong',
};

export class Notices {
  list: readonly Notice[] = $state.raw([]);
  /** The last sentence for the live region. */
  spoken = $state('');

  show(notice: Omit<Notice, 'actions'> & { readonly actions?: readonly NoticeAction[] }): void {
    this.list = [
      ...this.list.filter((n) => n.id !== notice.id),
      { ...notice, actions: notice.actions ?? [] },
    ];
  }

  fault(error: ApiError, actions: readonly NoticeAction[] = []): void {
    this.show({ id: error.code, kind: 'error', title: TITLES[error.code], text: error.message, actions });
  }

  dismiss(id: string): void {
    if (this.list.some((n) => n.id === id)) this.list = this.list.filter((n) => n.id !== id);
  }

  /** Says a sentence to screen readers. */
  say(sentence: string): void {
    this.spoken = sentence;
  }
}
