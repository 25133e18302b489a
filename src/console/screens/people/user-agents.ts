const browsers = [
  ['Edge', /Edg\/\d/],
  ['Opera', /OPR\/\d/],
  ['Firefox', /Firefox\/\d/],
  ['Chrome', /Chrome\/\d/],
  ['Safari', /Version\/\d.*Safari\//],
] as const;

const systems = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/],
] as const;

/** Returns the browser and the system in a User-Agent header, else its first word. Null: there is none. */
export const browserIn = (userAgent: string | null): string | null => {
  if (userAgent === null || userAgent.trim() === '') return null;
  const browser = browsers.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const system = systems.find(([, pattern]) => pattern.test(userAgent))?.[0];
  if (browser === undefined) return userAgent.split(/[\s/]/)[0] ?? null;
  return [browser, system].filter((part) => part !== undefined).join(', ');
};
