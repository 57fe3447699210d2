//go:build ignore

// A stage that waits: goroutines take records from a channel, wait, and send them on.
// Arguments: how many records, how many goroutines, how many microseconds each record waits.
// Prints the nanoseconds of the whole pipeline, and the sum of the records.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const waiting = 1000

func generate(ctx context.Context, records int) <-chan int {
	out := make(chan int, waiting)
	go func() {
		defer close(out)
		for n := 0; n < records; n++ {
			select {
			case out <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func wait(ctx context.Context, in <-chan int, pause time.Duration, workers int) <-chan int {
	out := make(chan int, waiting)
	var running sync.WaitGroup
	running.Add(workers)
	for range workers {
		go func() {
			defer running.Done()
			for n := range in {
				time.Sleep(pause)
				select {
				case out <- n:
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	go func() {
		running.Wait()
		close(out)
	}()
	return out
}

func main() {
	records, workers, pauseUs := argument(1), argument(2), argument(3)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	began := time.Now()
	sum := 0
	pause := time.Duration(pauseUs) * time.Microsecond
	for n := range wait(ctx, generate(ctx, records), pause, workers) {
		sum += n
	}
	fmt.Println(time.Since(began).Nanoseconds(), sum)
}

func argument(place int) int {
	number, err := strconv.Atoi(os.Args[place])
	if err != nil {
		panic(err)
	}
	return number
}
