/** What the browser keeps: for good what one likes, for a reload the way back into one's seat. */

const PREFIX = "tickwire.";

/** @typedef {{ resume: { token: string, offset: string | null }, place: string, isInvited: boolean, isSpectator: boolean }} Way */

/** @param {string} name @returns {string | null} */
export function kept(name) {
    try {
        return localStorage.getItem(PREFIX + name);
    } catch {
        // A browser may keep nothing.
        return null;
    }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
    try {
        localStorage.setItem(PREFIX + name, value);
    } catch {
        return;
    }
}

/** Leaves the way back for after the reload. @param {Way | null} way */
export function leaveWay(way) {
    try {
        if (way) sessionStorage.setItem(PREFIX + "way", JSON.stringify(way));
        else sessionStorage.removeItem(PREFIX + "way");
    } catch {
        return;
    }
}

/** The way back, once: a tab that is a copy of this one does not take its seat. @returns {Way | null} */
export function takeWay() {
    try {
        const way = sessionStorage.getItem(PREFIX + "way");
        sessionStorage.removeItem(PREFIX + "way");
        return way ? JSON.parse(way) : null;
    } catch {
        return null;
    }
}
