declare const brand: unique symbol;

/** A value whose meaning is part of its type, so that two strings with different meanings cannot be exchanged. Only parsers cast to it. */
export type Branded<T, B extends string> = T & { readonly [brand]: { readonly [K in B]: true } };

/** A list that holds at least one element. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** Says whether a list holds at least one element, as a type. */
export function isNonEmpty<T>(list: readonly T[]): list is NonEmpty<T> {
  return list.length > 0;
}
