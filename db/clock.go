package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
)

const clockKey = "clock"

// VirtualClock is a scaled clock whose anchor the database remembers.
type VirtualClock struct {
	*fibonacco.ScaledClock
	db *DB
}

// UseVirtualClock makes d tell virtual time from here on. The anchor is written at first use;
// later starts go on from it, whatever start says, so that time never jumps back. A scale that
// differs from the remembered one holds from now on. start zero means now.
func (d *DB) UseVirtualClock(ctx context.Context, start time.Time, scale float64) (*VirtualClock, error) {
	real := fibonacco.SystemClock{}.Now()
	if start.IsZero() {
		start = real
	}
	anchor := fibonacco.ClockAnchor{Real: real, Virtual: start.UTC(), Scale: scale}
	err := d.Update(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`,
			clockKey, JSON(anchor), real); err != nil {
			return err
		}
		var stored string
		if err := tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`, clockKey).Scan(&stored); err != nil {
			return err
		}
		return json.Unmarshal([]byte(stored), &anchor)
	})
	if err != nil {
		return nil, fmt.Errorf("anchor the clock: %w", err)
	}
	c := &VirtualClock{fibonacco.NewScaledClock(anchor), d}
	if anchor.Scale != scale {
		if err := c.SetScale(ctx, scale); err != nil {
			return nil, err
		}
	}
	d.clock = c
	return c, nil
}

// HoldClock makes the remembered clock go on from the moment it was last remembered, as if the
// time since had not passed. For a demonstration that is looked at again a day later; call it
// before UseVirtualClock. Without a remembered clock it does nothing.
func (d *DB) HoldClock(ctx context.Context) error {
	return d.Update(ctx, func(tx *Tx) error {
		var stored string
		err := tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`, clockKey).Scan(&stored)
		if IsNoRows(err) {
			return nil
		}
		var anchor fibonacco.ClockAnchor
		if err == nil {
			err = json.Unmarshal([]byte(stored), &anchor)
		}
		if err != nil {
			return fmt.Errorf("hold the clock: %w", err)
		}
		anchor.Real = fibonacco.SystemClock{}.Now()
		_, err = tx.Exec(ctx, `UPDATE settings SET value = $1, updated_at = $2 WHERE key = $3`, JSON(anchor), anchor.Real, clockKey)
		return err
	})
}

// Remember writes the clock's present time down, so that HoldClock goes on from here.
func (c *VirtualClock) Remember(ctx context.Context) error { return c.SetScale(ctx, c.Anchor().Scale) }

// SetScale implements fibonacco.ClockControl.
func (c *VirtualClock) SetScale(ctx context.Context, scale float64) error {
	anchor := c.ScaledClock.SetScale(scale)
	err := c.db.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE settings SET value = $1, updated_at = $2 WHERE key = $3`, JSON(anchor), anchor.Real, clockKey)
		return err
	})
	if err != nil {
		return fmt.Errorf("remember the clock's speed: %w", err)
	}
	return nil
}

var _ fibonacco.ClockControl = (*VirtualClock)(nil)
