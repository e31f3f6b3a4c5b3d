/** One question at a time before something is thrown away or interrupted. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
}

export class Questions {
  current: Question | null = $state.raw(null);
  #answer: (yes: boolean) => void = () => {};

  ask(question: Question): Promise<boolean> {
    this.#answer(false);
    this.current = question;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  answer(yes: boolean): void {
    this.current = null;
    this.#answer(yes);
    this.#answer = () => {};
  }
}
