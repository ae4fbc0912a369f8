// Checks of JSON values: small functions that read a value, or say that it is none of theirs. Pure.

import { Refused } from "./frames.mjs";

/**
 * Reads a value: returns it with defaults filled in and unknown fields left out.
 * @template T
 * @typedef {(value: unknown) => T} Shape
 */

/** @type {(isRight: boolean) => void} */
const demand = (isRight) => {
  if (!isRight) throw new Refused("bad_field");
};

/** @type {Shape<string>} */
export const text = (value) => {
  demand(typeof value === "string");
  return /** @type {string} */ (value);
};

/** @type {Shape<boolean>} */
export const yesNo = (value) => {
  demand(typeof value === "boolean");
  return /** @type {boolean} */ (value);
};

/** @type {Shape<number>} */
export const number = (value) => {
  demand(typeof value === "number" && Number.isFinite(value));
  return /** @type {number} */ (value);
};

/** @type {Shape<number>} */
export const whole = (value) => {
  demand(Number.isSafeInteger(value));
  return /** @type {number} */ (value);
};

/**
 * One of some words. A word that is new makes the message unreadable, which is to be ignored.
 * @param {...string} words
 * @returns {Shape<string>}
 */
export const oneOf = (...words) => (value) => {
  demand(words.includes(/** @type {string} */ (value)));
  return /** @type {string} */ (value);
};

/**
 * @template T
 * @param {Shape<T>} shape
 * @returns {Shape<T | null>}
 */
export const orNull = (shape) => (value) => (value === null ? null : shape(value));

/**
 * @template T
 * @param {Shape<T>} shape of every item.
 * @returns {Shape<T[]>}
 */
export const list = (shape) => (value) => {
  demand(Array.isArray(value));
  return /** @type {unknown[]} */ (value).map(shape);
};

/**
 * A list of so many items, each of its own shape.
 * @param {...Shape<any>} shapes
 * @returns {Shape<any[]>}
 */
export const row = (...shapes) => (value) => {
  demand(Array.isArray(value) && value.length === shapes.length);
  return /** @type {unknown[]} */ (value).map((item, at) => shapes[at](item));
};

/**
 * A field that may be absent.
 * @typedef {{shape: Shape<any>, otherwise: unknown}} Optional
 */

/**
 * @param {Shape<any>} shape
 * @param {unknown} otherwise its value where it is absent.
 * @returns {Optional}
 */
export const optional = (shape, otherwise) => ({ shape, otherwise });

/** @typedef {Record<string, Shape<any> | Optional>} Fields */

/**
 * @param {Fields} fields
 * @returns {Shape<Record<string, any>>}
 */
export const object = (fields) => (value) => {
  demand(typeof value === "object" && value !== null && !Array.isArray(value));
  const given = /** @type {Record<string, unknown>} */ (value);
  /** @type {Record<string, unknown>} */
  const made = {};
  for (const [name, field] of Object.entries(fields)) {
    const isOptional = typeof field !== "function";
    if (Object.hasOwn(given, name)) made[name] = (isOptional ? field.shape : field)(given[name]);
    else if (isOptional) made[name] = structuredClone(field.otherwise);
    else throw new Refused("bad_field");
  }
  return made;
};
