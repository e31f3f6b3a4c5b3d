/** What a lesson is made of once its Markdown has been rendered, which happens at build time. */
export type Block =
  | { readonly kind: 'prose'; readonly html: string }
  | { readonly kind: 'run'; readonly commands: readonly string[] }
  | { readonly kind: 'path'; readonly paths: readonly string[] }
  | { readonly kind: 'mac'; readonly mac: string }
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'hint'; readonly html: string };

export interface LessonText {
  readonly intro: readonly Block[];
  /** By step id, from the `##` headings. */
  readonly steps: Readonly<Record<string, readonly Block[]>>;
}
