import { mustBe } from '../invalid.ts';
import { isCount, parseDecimal } from '../text/decimal.ts';

/** The hashes of a full tile, and the entries of a full bundle. */
export const tileWidth = 256;

/**
 * A tile of C2SP tlog-tiles: `width` hashes of consecutive complete subtrees of 256^level leaves. The first one has the
 * number `index` · 256. A full tile has the width 256.
 */
export type Tile = { readonly level: number; readonly index: number; readonly width: number };

/** A bundle of entries: the leaves of the tile of level 0 with the same index and width. */
export type Bundle = Omit<Tile, 'level'>;

/** Returns the path of a tile, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`. */
export const tilePath = ({ level, index, width }: Tile): string => `tile/${level}/${placePath(index, width)}`;

/** Returns the path of a bundle of entries, such as `tile/entries/x001/x234/067.p/8`. */
export const bundlePath = ({ index, width }: Bundle): string => `tile/entries/${placePath(index, width)}`;

/** Returns the tile of a path in its only form. Throws InvalidProof for another text. */
export const parseTilePath = (path: string): Tile => {
  const [, level = '', place = ''] = /^tile\/([^/]*)\/(.*)$/s.exec(path) ?? [];
  const tile = { level: parseDecimal(level, 'The level of the tile'), ...parsePlace(place) };
  mustBe(tile.level <= 63, 'The level of a tile is at most 63.');
  return tile;
};

/** Returns the bundle of a path in its only form. Throws InvalidProof for another text. */
export const parseBundlePath = (path: string): Bundle => {
  mustBe(path.startsWith('tile/entries/'), 'The path of a bundle starts with tile/entries/.');
  return parsePlace(path.slice('tile/entries/'.length));
};

/** Returns the tiles that a tree of this size has at its right edge and that are not full, the lowest level first. */
export const partialTiles = (size: number): readonly Tile[] => {
  const tiles: Tile[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const width = count % tileWidth;
    if (width > 0) tiles.push({ level, index: Math.floor(count / tileWidth), width });
  }
  return tiles;
};

/**
 * Returns the tile of a level with this index as a tree of this size has it. Throws InvalidProof when the tree has
 * none.
 */
export const tileAt = (level: number, index: number, size: number): Tile => {
  const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
  mustBe(
    isCount(level) && isCount(index) && width > 0,
    `A tree of ${size} leaves has no tile ${index} at level ${level}.`,
  );
  return { level, index, width };
};

const placePath = (index: number, width: number): string => {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const last = groups.length - 1;
  const place = groups.map((group, at) => (at === last ? group : `x${group}`)).join('/');
  return width === tileWidth ? place : `${place}.p/${width}`;
};

const parsePlace = (place: string): Bundle => {
  const [, groups = '', partial] = /^((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]+))?$/.exec(place) ?? [];
  mustBe(groups !== '', 'The index of a tile has groups of three digits, and each but the last starts with x.');
  const width = partial === undefined ? tileWidth : parseDecimal(partial, 'The width of the tile');
  mustBe(width > 0 && (partial === undefined || width < tileWidth), 'A partial tile has 1 to 255 hashes.');
  const digits = groups.replaceAll(/[x/]/g, '');
  const index = parseDecimal(digits.replace(/^0+(?=.)/, ''), 'The index of the tile');
  mustBe(placePath(index, width) === place, 'The index of a tile has no group of zeros in front.');
  return { index, width };
};
