//! Far memory as a program uses it: named, mapped, filled, given back. One test, since far memory
//! is chosen once in a process.

use redpoll_memory::Allocator;
use redpoll_memory::tiers::{
    FarSpec, Rule, Shared, Tier, copy, far_usage, far_used, install, place, relocate, settle,
    settle_box, tier_of, with_capacity,
};
use std::fs;
use std::path::Path;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

const SIZE: u64 = 32 << 20;

fn block(size: usize, byte: u8) -> Vec<u8> {
    let mut block = with_capacity(size);
    block.resize(size, byte);
    block
}

fn file(path: &Path, size: u64) -> FarSpec {
    FarSpec::File { path: path.into(), size }
}

#[track_caller]
fn check_refused(specs: &[FarSpec], part: &str) {
    let error = install(specs).expect_err("it is refused").to_string();
    assert!(error.contains(part), "{error}");
    assert!(far_usage().is_empty(), "nothing is installed by halves");
}

/// Blocks of another size, after smaller ones have filled the regions and are gone.
fn what_was_given_back_serves_other_sizes() {
    Rule::FAR.apply(false);
    let most = 2 * SIZE as usize / (16 << 10);
    let blocks: Vec<Vec<u8>> = (0..most).map(|_| block(16 << 10, 1)).collect();
    let far = blocks.iter().filter(|block| tier_of(block) == Tier::Far).count();
    assert!(far > most * 3 / 4, "{far} of {most}");
    Rule::NEAR.apply(false);
}

#[test]
fn far_memory_is_filled_by_the_rule_and_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    what_cannot_be_used_is_refused(folder.path());
    let named = folder.path().join("far");
    let specs = [file(&named, SIZE), file(folder.path(), SIZE)];
    install(&specs).expect("two regions");
    assert!(install(&specs).is_err(), "only once");
    blocks_go_where_the_rule_says();
    blocks_change_tiers_as_they_grow();
    whole_regions_are_used_and_then_dram();
    what_was_given_back_serves_other_sizes();
    shared_blocks_lie_in_either_tier();
    threads_share_the_regions();
    assert_eq!(far_used(), 0, "everything was given back");
}

fn what_cannot_be_used_is_refused(folder: &Path) {
    let other = folder.join("other");
    fs::write(&other, "somebody's notes").expect("a file");
    check_refused(&[file(&other, SIZE)], "holds something else");
    assert_eq!(fs::read(&other).expect("the file"), b"somebody's notes");
    check_refused(&[file(&folder.join("tiny"), 4096)], "too few");
    check_refused(&[file(&folder.join("none/far"), SIZE)], "cannot be opened");
    check_refused(&[file(&folder.join("huge"), 1 << 60)], "");
    check_refused(&[file(Path::new("/dev/null"), SIZE)], "no regular file");
    let link = folder.join("link");
    std::os::unix::fs::symlink(&other, &link).expect("a link");
    check_refused(&[file(&link, SIZE)], "cannot be opened");
    let twice = folder.join("twice");
    check_refused(&[file(&twice, SIZE), file(&twice, SIZE)], "in use by another");
    check_refused(&[FarSpec::Numa { node: 900, size: None }], "no node 900");
    check_refused(&[FarSpec::Numa { node: 0, size: Some(1 << 60) }], "the node has");
    check_refused(&[FarSpec::Dax { path: "/dev/null".into(), size: None }], "no DAX device");
    check_refused(&[FarSpec::Dax { path: "/dev/dax9.9".into(), size: None }], "cannot be opened");
}

fn blocks_go_where_the_rule_says() {
    assert_eq!(tier_of(&block(1000, 1)), Tier::Near, "no rule yet");
    Rule::at(64).apply(false);
    assert_eq!(tier_of(&block(63, 1)), Tier::Near);
    let far = block(64, 1);
    assert_eq!((tier_of(&far), far_used()), (Tier::Far, 64));
    drop(far);
    assert_eq!(far_used(), 0);
    let mut near = block(1000, 2);
    assert!(relocate(&mut near, Tier::Near) && !relocate(&mut near, Tier::Near));
    assert_eq!(tier_of(&near), Tier::Near);
    Rule { low: 100, high: 10_000, share: 0.5 }.apply(true);
    let blocks: Vec<Vec<u8>> = (0..100).map(|byte| block(1000, byte)).collect();
    let far = blocks.iter().filter(|block| tier_of(block) == Tier::Far).count();
    assert!((49..=51).contains(&far), "{far}");
    for (byte, block) in (0..).zip(&blocks) {
        assert!(block.iter().all(|&found| found == byte));
    }
}

fn blocks_change_tiers_as_they_grow() {
    Rule::at(500).apply(false);
    let mut growing = with_capacity(0);
    for byte in 0..100_000u32 {
        growing.push(byte as u8);
        settle(&mut growing, 1);
    }
    assert_eq!(tier_of(&growing), Tier::Far);
    assert!(growing.iter().zip(0u32..).all(|(&found, byte)| found == byte as u8));
    growing.truncate(100);
    growing.shrink_to_fit();
    assert_eq!(tier_of(&growing), Tier::Near, "the allocator moves what shrinks below the rule");
    assert!(growing.iter().zip(0u32..).all(|(&found, byte)| found == byte as u8));
    let placed = place(vec![3; 501]);
    assert_eq!((tier_of(&placed), placed), (Tier::Far, vec![3; 501]));
    let mut boxed = copy(&[1; 499]);
    assert_eq!(tier_of(&boxed), Tier::Near);
    Rule::at(100).apply(false);
    settle_box(&mut boxed, 0);
    assert_eq!((tier_of(&boxed), &boxed[..]), (Tier::Far, &[1; 499][..]));
    Rule::NEAR.apply(false);
    settle_box(&mut boxed, 0);
    assert_eq!((tier_of(&boxed), far_used()), (Tier::Near, 0));
}

fn whole_regions_are_used_and_then_dram() {
    Rule::FAR.apply(false);
    let blocks: Vec<Vec<u8>> = (0..9000).map(|count| block(8 << 10, count as u8)).collect();
    let usage = far_usage();
    assert_eq!(usage.len(), 2);
    assert!(usage.iter().all(|region| region.used > region.limit / 10 * 8), "{usage:?}");
    assert_eq!(tier_of(&blocks[8999]), Tier::Near, "both are full");
    for (count, block) in (0..9000).zip(&blocks) {
        assert!(block.iter().all(|&found| found == count as u8));
    }
    drop(blocks);
    assert_eq!(tier_of(&block(8 << 10, 1)), Tier::Far, "there is room again");
}

fn shared_blocks_lie_in_either_tier() {
    Rule::at(100).apply(false);
    let (near, far) = (Shared::new(&[1; 99]), Shared::new(&[2; 100]));
    assert_eq!((near.tier(), far.tier()), (Tier::Near, Tier::Far));
    assert!((100..=128).contains(&far.len_about()), "{}", far.len_about());
    assert!(far.copy_to(Tier::Far).is_none(), "it lies there already");
    let (up, down) = (far.copy_to(Tier::Near), near.copy_to(Tier::Far));
    let (up, down) = (up.expect("room in DRAM"), down.expect("room in far memory"));
    assert_eq!((up.tier(), up.bytes()), (Tier::Near, &[2; 100][..]));
    assert_eq!((down.tier(), down.bytes()), (Tier::Far, &[1; 99][..]));
    assert_eq!(far.copy_near().tier(), Tier::Near);
    let other = down.clone();
    drop(down);
    assert_eq!(other.bytes(), [1; 99]);
    drop((other, far));
    assert_eq!(far_used(), 0);
    Rule::FAR.apply(false);
    let all: Vec<Shared> = (0..9000).map(|_| Shared::new(&[3; 8 << 10])).collect();
    assert_eq!(all[8999].tier(), Tier::Near, "far memory is full");
    assert!(near.copy_to(Tier::Far).is_some() || near.tier() == Tier::Near);
    assert!(all[8999].copy_to(Tier::Far).is_none(), "no room");
    Rule::NEAR.apply(false);
}

fn threads_share_the_regions() {
    Rule::at(64).apply(true);
    let work = |seed: usize| {
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        for step in 0..20_000 {
            let random = (step * 7919 + seed * 104_729) % 3001;
            match blocks.get_mut(random % 200) {
                Some(old) if random.is_multiple_of(3) => *old = block(random, seed as u8),
                Some(old) => old.resize(random, seed as u8),
                None => blocks.push(block(random, seed as u8)),
            }
        }
        assert!(blocks.iter().flatten().all(|&byte| byte == seed as u8));
        blocks
    };
    let threads: Vec<_> = (1..=4).map(|seed| std::thread::spawn(move || work(seed))).collect();
    for thread in threads {
        drop(thread.join().expect("the thread ended well"));
    }
    Rule::NEAR.apply(false);
}
