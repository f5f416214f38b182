/** Read tables from CSV files, and write them. The command line reads files by the same rules (importing/table_file.py). */

const DELIMITERS = [",", ";", "\t", "|"];
const SAMPLE_CHARACTERS = 20_000;
const KEPT_FOR_DOWNLOAD_MS = 60_000;
/** What a spreadsheet treats as a formula (OWASP, "CSV Injection"). Exports of the report have the same rule (report_csv.py). */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;
/** What a spreadsheet changes: numbers with zeros in front, long ones, powers of ten and dates. */
const CHANGED = /^(?:0\d+|\d{12,}|\d+[eE]\d+|\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?)$/;

/** Return the text of a file: its byte order mark decides the encoding, else UTF-8 if that fits, else Windows-1252. */
export function decode(bytes) {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return new TextDecoder(first === 0xff ? "utf-16le" : "utf-16be").decode(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Return {header, rows: [{line, values}], delimiter}. The header is null if the first row has values and not names. */
export function readTable(text) {
  const delimiter = delimiterOf(text.slice(0, SAMPLE_CHARACTERS));
  const rows = parse(text, delimiter).filter(({ values }) => values.some(Boolean));
  const isHeader = rows.length > 0 && !rows[0].values.some((value) => value.includes("@") || /^\+?[\d ]+$/.test(value));
  const header = isHeader ? rows.shift().values : null;
  const width = header?.length ?? Math.max(0, ...rows.map(({ values }) => values.length));
  for (const row of rows) row.values = Array.from({ length: width }, (_, place) => row.values[place] ?? "");
  return { header, rows, delimiter, width };
}

/** Return the delimiter that cuts the most rows into the same number of columns, above one. */
function delimiterOf(sample) {
  const agreement = (delimiter) => {
    const widths = new Map();
    for (const { values } of parse(sample, delimiter)) {
      if (values.length > 1) widths.set(values.length, (widths.get(values.length) ?? 0) + 1);
    }
    return Math.max(0, ...widths.values());
  };
  return DELIMITERS.reduce((best, each) => (agreement(each) > agreement(best) ? each : best));
}

/** Return the rows of a text (RFC 4180), with the line on which each starts. */
function parse(text, delimiter) {
  const rows = [];
  let [row, value, quoted, line] = [{ line: 1, values: [] }, "", false, 1];
  const endValue = () => {
    row.values.push(value.trim());
    value = "";
  };
  for (let place = 0; place < text.length; place += 1) {
    const character = text[place];
    if (character === "\n") line += 1;
    if (quoted) {
      if (character !== '"') value += character;
      else if (text[place + 1] === '"') value += text[(place += 1)];
      else quoted = false;
    } else if (character === '"' && value === "") quoted = true;
    else if (character === delimiter) endValue();
    else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[place + 1] === "\n") continue;
      endValue();
      rows.push(row);
      row = { line, values: [] };
    } else value += character;
  }
  if (value || row.values.length) {
    endValue();
    rows.push(row);
  }
  return rows;
}

/** Return a CSV file with a byte order mark, by which spreadsheets know that it is UTF-8. */
export function writeTable(rows, delimiter) {
  const written = (value) => (/["\n\r]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value);
  return `\ufeff${rows.map((row) => row.map(written).join(delimiter)).join("\r\n")}\r\n`;
}

/** Return a cell that no spreadsheet treats as a formula or changes: such a value gets an apostrophe. */
export function literal(value) {
  return FORMULA.test(value) || CHANGED.test(value) ? `'${value}` : value;
}

/** Return the value that `literal` was given. */
export function plain(cell) {
  const value = cell.slice(1);
  return cell === `'${value}` && literal(value) === cell ? value : cell;
}

/** Return the name of a column without case, accents and spaces. */
export function plainName(name) {
  return name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]/g, "");
}

/** Save a text as a file on the user's device. */
export function save(name, text, type = "text/csv") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_FOR_DOWNLOAD_MS);
}
