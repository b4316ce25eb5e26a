// One guest, one browser at a time: two cores cannot emulate two machines and keep either honest.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(QemuZeroCopy.EndToEnd.Tests.Harness.SavedGuests))]
