using QemuZeroCopy.EndToEnd.Tests.Harness;

// Two classes at a time: what one waits for is the other's processor. Those in Alone come after all others.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: AssemblyFixture(typeof(Browser))]
[assembly: AssemblyFixture(typeof(SavedGuests))]
