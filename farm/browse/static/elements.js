// What the scripts of several pages make their parts of.

/** An element with a text, if one is given, and attributes. */
export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A number for people, with so many digits after the point. */
export const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const BYTE_UNITS = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "bytes"]];
/** The unit in which a number of bytes shows something, as [bytes, name]. */
export const byteUnit = (bytes) => BYTE_UNITS.find(([unit]) => bytes >= unit) ?? BYTE_UNITS.at(-1);

/** A number of bytes for people. */
export function size(bytes) {
  const [unit, name] = byteUnit(bytes);
  const amount = bytes / unit;
  return `${number(amount, unit === 1 || amount >= 100 ? 0 : amount >= 10 ? 1 : 2)} ${name}`;
}

/** Hours for people: less than one as minutes and seconds. */
export function hoursText(hours) {
  if (hours >= 1) return `${number(hours, 1)} h`;
  const seconds = Math.round(hours * 3600), minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${String(seconds % 60).padStart(2, "0")} s` : `${seconds} s`;
}

/** A price for people; one below a cent is said to be so, and not to be nothing. */
export const dollarsText = (dollars) => (dollars > 0 && dollars < 0.01 ? "less than 0.01 USD" : `${number(dollars, 2)} USD`);
