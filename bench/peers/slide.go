//go:build ignore

// The slide's example: a generator, two squares, a merge; every send and receive minds the context.
// Arguments: how many integers, and how many may wait in each channel (0 is unbuffered).
// Prints the nanoseconds of the whole pipeline, and the sum of the squares.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

func generate(ctx context.Context, records, waiting int) <-chan int {
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

func square(ctx context.Context, in <-chan int, waiting int) <-chan int {
	out := make(chan int, waiting)
	go func() {
		defer close(out)
		forward(ctx, in, func(n int) int { return n * n }, out)
	}()
	return out
}

func merge(ctx context.Context, waiting int, channels ...<-chan int) <-chan int {
	out := make(chan int, waiting)
	var senders sync.WaitGroup
	senders.Add(len(channels))
	for _, channel := range channels {
		go func() {
			defer senders.Done()
			forward(ctx, channel, func(n int) int { return n }, out)
		}()
	}
	go func() {
		senders.Wait()
		close(out)
	}()
	return out
}

func forward(ctx context.Context, in <-chan int, fn func(int) int, out chan<- int) {
	for {
		select {
		case n, ok := <-in:
			if !ok {
				return
			}
			select {
			case out <- fn(n):
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func total(ctx context.Context, in <-chan int) int {
	sum := 0
	for {
		select {
		case n, ok := <-in:
			if !ok {
				return sum
			}
			sum += n
		case <-ctx.Done():
			return sum
		}
	}
}

func main() {
	records, waiting := argument(1), argument(2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	began := time.Now()
	numbers := generate(ctx, records, waiting)
	squares := []<-chan int{square(ctx, numbers, waiting), square(ctx, numbers, waiting)}
	sum := total(ctx, merge(ctx, waiting, squares...))
	fmt.Println(time.Since(began).Nanoseconds(), sum)
}

func argument(place int) int {
	number, err := strconv.Atoi(os.Args[place])
	if err != nil {
		panic(err)
	}
	return number
}
