//! The pool: limits, endings, and parts that several threads do.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A pool of so many threads at most, and so many tasks that may wait.
fn pool(threads: usize, queue: usize) -> Arc<Background> {
    let pool = Arc::new(Background::default());
    pool.configure(Purpose::Commands, threads, queue);
    let weak = Arc::downgrade(&pool);
    pool.set_spawner(Box::new(move |purpose, _| {
        let Some(pool) = weak.upgrade() else { return false };
        thread::spawn(move || {
            while let Some(job) = pool.next(purpose) {
                work(&pool, job);
            }
        });
        true
    }));
    pool
}

fn work(pool: &Background, job: Job) {
    match job {
        Job::Work(task, work) => {
            pool.begin(&task);
            let ended = catch_unwind(AssertUnwindSafe(|| work(&task))).is_err();
            pool.end(&task, ended);
            task.finish(Outcome::Answered { position: None });
        }
        Job::Help(shared) => shared.help_aside(),
        Job::Command(_) => unreachable!("no commands here"),
    }
}

fn wait_for(task: &Task) {
    while !task.is_done() {
        thread::yield_now();
    }
}

#[test]
fn work_is_done_and_counted() {
    let pool = pool(2, 100);
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let done = Arc::clone(&done);
            let work = move |task: &Task| {
                task.advance(10);
                done.fetch_add(1, Relaxed);
            };
            pool.spawn("count", 10, work).expect("room")
        })
        .collect();
    tasks.iter().for_each(|task| wait_for(task));
    assert_eq!(done.load(Relaxed), 50);
    assert!(tasks.iter().all(|task| task.done() == 10));
    assert_eq!(pool.counts.finished.load(Relaxed), 50);
    assert_eq!(pool.tasks().len(), 0);
    assert!(pool.census().threads <= 2);
}

#[test]
fn a_full_queue_says_so() {
    let pool = pool(1, 2);
    let held = Arc::new(AtomicBool::new(true));
    let wait = Arc::clone(&held);
    let first = pool.spawn("wait", 1, move |_| {
        while wait.load(Relaxed) {
            thread::yield_now();
        }
    });
    let first = first.expect("room");
    while first.state() == State::Queued {
        thread::yield_now();
    }
    let second = pool.spawn("next", 1, |_| {}).expect("room");
    let third = pool.spawn("next", 1, |_| {}).expect("room");
    assert!(pool.spawn("one too many", 1, |_| {}).is_err());
    assert_eq!(pool.counts.rejected.load(Relaxed), 1);
    let census = pool.census();
    assert_eq!((census.queued, census.running), (2, 1));
    held.store(false, Relaxed);
    [&first, &second, &third].into_iter().for_each(|task| wait_for(task));
}

#[test]
fn the_least_comes_first_and_nobody_waits_for_ever() {
    let pool = Background::default();
    let mut names = Vec::new();
    pool.configure(Purpose::Commands, 1, 100);
    let put = |name: &str, cost| drop(pool.spawn(name, cost, |_| {}).expect("room"));
    let mut take = || match pool.try_next() {
        Some(Job::Work(task, _)) => names.push(task.name.to_string()),
        _ => names.push("none".into()),
    };
    put("large", 1000);
    put("small", 10);
    put("small too", 10);
    (0..2).for_each(|_| take());
    for _ in 0..PATIENCE {
        put("less", 500);
        take();
    }
    take();
    let less = vec!["less"; PATIENCE - 2];
    let want = [&["small", "small too"][..], &less, &["large", "less", "less"]].concat();
    assert_eq!(names, want);
}

#[test]
fn a_task_that_is_killed_ends_where_it_looks() {
    let pool = pool(1, 2);
    let task = pool
        .spawn("endless", 1, |task| {
            loop {
                step(100);
                assert!(task.done() < u64::MAX);
            }
        })
        .expect("room");
    assert!(pool.kill(task.id));
    assert!(!pool.kill(task.id + 1));
    wait_for(&task);
    assert_eq!(pool.counts.cancelled.load(Relaxed), 1);
}

#[test]
fn parts_are_done_once_each() {
    let pool = pool(3, 10);
    let parts: Arc<Vec<AtomicUsize>> = Arc::new((0..1000).map(|_| AtomicUsize::new(0)).collect());
    let (done, helped) = (Arc::clone(&parts), Arc::clone(&pool));
    let task = pool.spawn("share", 1000, move |_| {
        let parts = Arc::clone(&done);
        helped.share(1000, move |number| {
            parts[number].fetch_add(1, Relaxed);
            step(1);
        });
    });
    wait_for(&task.expect("room"));
    assert!(parts.iter().all(|part| part.load(Relaxed) == 1));
}

#[test]
fn a_fault_in_a_part_is_the_whole_s() {
    let pool = pool(2, 10);
    let shared = Arc::clone(&pool);
    let task = pool.spawn("share", 10, move |_| {
        shared.share(100, |number| assert_ne!(number, 50, "a fault"));
    });
    wait_for(&task.expect("room"));
    assert_eq!(pool.counts.cancelled.load(Relaxed), 1);
    // The threads go on.
    wait_for(&pool.spawn("next", 1, |_| {}).expect("room"));
}

#[test]
fn who_goes_on_waits_for_a_place() {
    let pool = pool(2, 100);
    let [at_work, most, rounds] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (held, counts) = (Arc::clone(&pool), [&at_work, &most, &rounds].map(Arc::clone));
            let work = move |_: &Task| {
                let [at_work, most, rounds] = &counts;
                for _ in 0..20 {
                    most.fetch_max(at_work.fetch_add(1, Relaxed) + 1, Relaxed);
                    // sleep: it is the work, during which others might begin theirs.
                    thread::sleep(Duration::from_micros(100));
                    rounds.fetch_add(1, Relaxed);
                    at_work.fetch_sub(1, Relaxed);
                    held.hold(true);
                    held.hold(false);
                }
            };
            pool.spawn("in turns", 1, work).expect("room")
        })
        .collect();
    tasks.iter().for_each(|task| wait_for(task));
    assert_eq!(rounds.load(Relaxed), 8 * 20);
    assert!(most.load(Relaxed) <= 2, "{most:?}");
}

#[test]
fn a_place_is_not_waited_for_for_ever() {
    let pool = pool(1, 100);
    let (going_on, goes_on) = mpsc::channel::<()>();
    let (held, waits) = (Arc::clone(&pool), AtomicBool::new(false));
    let waits = Arc::new(waits);
    let seen = Arc::clone(&waits);
    let first = pool.spawn("first", 1, move |_| {
        held.hold(true);
        while !seen.load(Relaxed) {
            thread::yield_now();
        }
        held.hold(false);
        going_on.send(()).expect("somebody waits");
    });
    // Has the only place, and waits for the one that has given it up.
    let second = pool.spawn("second", 1, move |_| {
        waits.store(true, Relaxed);
        goes_on.recv().expect("it goes on");
    });
    [first, second].into_iter().for_each(|task| wait_for(&task.expect("room")));
}

#[test]
fn searches_wait_for_no_other_command() {
    let pool = pool(1, 1);
    pool.configure(Purpose::Searches, 1, 1);
    let held = Arc::new(AtomicBool::new(true));
    let wait = Arc::clone(&held);
    let long = pool.spawn("long", 1, move |_| {
        while wait.load(Relaxed) {
            thread::yield_now();
        }
    });
    let long = long.expect("room");
    while long.state() == State::Queued {
        thread::yield_now();
    }
    drop(pool.spawn("waits", 1, |_| {}).expect("room"));
    assert!(!pool.has_room(Purpose::Commands) && pool.has_room(Purpose::Searches));
    let search = pool.task("search", None, 1);
    pool.submit(Purpose::Searches, &search, Job::Work(Arc::clone(&search), Box::new(|_| {})));
    wait_for(&search);
    assert_eq!(long.state(), State::Running);
    assert_eq!((pool.census().queued, pool.census().threads), (1, 2));
    held.store(false, Relaxed);
    wait_for(&long);
}
