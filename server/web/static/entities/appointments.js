// @ts-check
/** Appointments on this page: when and where, with whom, and what became of them. */

import { OWNER, PRIVATE, choices, field } from "./field.js";
import { dayOf, daysUntil, dotted, inDays, since, timeOfDay, today, words } from "./format.js";
import { REASON } from "./people.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

const TYPES = choices({
  listing_presentation: "Listing presentation",
  buyer_consultation: "Buyer consultation",
  property_showing: "Property showing",
  open_house: "Open house",
  closing: "Closing",
  inspection: "Inspection",
  other: "Other",
});
const AHEAD = new Set(["requested", "scheduled", "confirmed", "rescheduled"]);
const WEEK_DAYS = 7;

/** @param {Row} row */
const type = (row) => TYPES.find(({ key }) => key === row.appointment_type)?.label;
/** "in 3 days at 10:30 AM", where it takes place. @param {Row} row */
const at = (row) => `${inDays(row.appointment_date)} at ${timeOfDay(row.start_time)}`;

/** @type {Entity} */
export const appointments = {
  name: "appointment",
  plural: "appointments",
  later: true,
  title: "Calendar",
  one: "appointment",
  status: "appointment_status",
  priceField: "",
  price: () => null,
  place: (row) => row.location ?? "",
  facts: (row) =>
    dotted([
      type(row),
      row.duration && `${row.duration} min`,
      row.attendees?.length > 0 &&
        `${row.attendees.length} ${row.attendees.length === 1 ? "attendee" : "attendees"}`,
    ]),
  when: (row) => {
    if (!row.appointment_date || !row.start_time) return "";
    if (!AHEAD.has(row.appointment_status)) return since(row, words(row.appointment_status));
    const text = at(row);
    return {
      text: text.charAt(0).toUpperCase() + text.slice(1),
      late: daysUntil(row.appointment_date) < 0,
    };
  },
  statuses: [
    { key: "requested", label: "Requested", tone: "violet", folded: "empty" },
    { key: "scheduled", label: "Scheduled", tone: "amber" },
    { key: "confirmed", label: "Confirmed", tone: "green" },
    { key: "rescheduled", label: "Rescheduled", tone: "sky", folded: "empty" },
    { key: "completed", label: "Completed", tone: "slate", recent: "starts_at" },
    { key: "no_show", label: "No show", tone: "rose", folded: true, recent: "starts_at" },
    { key: "cancelled", label: "Cancelled", tone: "stone", folded: true, recent: "starts_at" },
    { key: "denied", label: "Denied", tone: "stone", folded: true, recent: "starts_at" },
  ],
  groups: [
    {
      title: "Appointment",
      fields: [
        field("title", "Title", "text", { required: true }),
        field("appointment_type", "Type", "choice", { choices: TYPES, required: true }),
        field("appointment_date", "Day", "date", { required: true }),
        field("start_time", "From", "time", { required: true, said: "start" }),
        field("end_time", "To", "time", { required: true, said: "end" }),
        field("time_zone", "Time zone", "text", { required: true }),
        field("location", "Location"),
        OWNER,
        PRIVATE,
      ],
    },
    {
      title: "People and places",
      fields: [
        field("attendees", "Attendees", "rows", {
          fixed: true,
          item: ({ display_name, rsvp_status }) => `${display_name} (${words(rsvp_status)})`,
        }),
        field("stops", "Stops", "rows", {
          fixed: true,
          item: ({ location_address }) => location_address,
        }),
        field("showings", "Showings", "rows", {
          fixed: true,
          item: ({ property_address, listing_id, showing_type, showing_status }, titled) => {
            const what = property_address || titled("listing", listing_id) || words(showing_type);
            return `${what} (${words(showing_status)})`;
          },
        }),
      ],
    },
    {
      title: "Notes",
      fields: [
        field("description", "Description", "long"),
        field("overlap_reason", "May overlap because", "text", { said: "reason for the overlap" }),
        field("agreement_override_reason", "Shown without an agreement because", "text", {
          said: "reason for a showing without an agreement",
        }),
        REASON,
      ],
    },
  ],
  order: "starts_at",
  columns: [
    "title",
    "appointment_status",
    "appointment_type",
    "appointment_date",
    "start_time",
    "location",
    "owner_id",
    "updated_at",
  ],
  create: [
    "title",
    "appointment_type",
    "appointment_date",
    "start_time",
    "end_time",
    "location",
    "is_private",
  ],
  start: {
    is_private: false,
    appointment_status: "scheduled",
    appointment_type: "property_showing",
  },
  asks: (_, to) => {
    if (to === "rescheduled")
      return { needs: ["appointment_date", "start_time", "end_time"], may: ["status_reason"] };
    if (to === "cancelled") return { needs: ["status_reason"], may: [] };
    if (to === "confirmed") return { needs: [], may: ["agreement_override_reason"] };
    return { needs: [], may: ["status_reason"] };
  },
  figures: (rows) => {
    const ahead = rows.filter(
      (row) => AHEAD.has(row.appointment_status) && daysUntil(row.appointment_date) >= 0,
    );
    // One that is still to be sent has no instant yet.
    const next = ahead
      .filter((row) => row.starts_at)
      .toSorted((a, b) => dayOf(a.starts_at).getTime() - dayOf(b.starts_at).getTime())[0];
    const done = rows.filter((row) => row.appointment_status === "completed").length;
    const missed = rows.filter((row) => row.appointment_status === "no_show").length;
    return [
      { label: "Today", text: `${ahead.filter((row) => row.appointment_date === today()).length}` },
      {
        label: "Within a week",
        text: `${ahead.filter((row) => daysUntil(row.appointment_date) < WEEK_DAYS).length}`,
      },
      { label: "Next", text: next ? at(next) : "None" },
      {
        label: "Took place",
        text: done + missed > 0 ? `${Math.round((100 * done) / (done + missed))}%` : "–",
      },
    ];
  },
};
