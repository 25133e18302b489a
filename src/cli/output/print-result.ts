/** Prints the result of a command: one JSON document with `json`, otherwise its sentences. Whole numbers become texts. */
export const printResult = (json: boolean, facts: object, sentences: readonly string[]): void => {
  if (json) console.log(jsonText(facts));
  else for (const sentence of sentences) console.log(sentence);
};

/** Returns a value as JSON. A bigint becomes a text, because it exceeds the numbers of JSON. */
export const jsonText = (value: object): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? `${member}` : member), 2);
