/** The texts of the search that are not part of the first screen. */
export const findTexts = {
  event: 'event',
  why: 'Why refused?',
  whyOf: (license: string) => `Why refused? ${license}`,
} as const;
