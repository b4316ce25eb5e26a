using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.Pipeline.Tests.Display;

public sealed class CommandQueueTests
{
    [Fact]
    public void Moves_that_nobody_has_taken_yet_are_merged_and_keys_are_not()
    {
        CommandQueue queue = new();
        queue.TryEnqueue(new InputCommand(InputKind.MoveBy, null!) { X = 1, Y = 2 });
        queue.TryEnqueue(new InputCommand(InputKind.MoveBy, null!) { X = 3, Y = -5 });
        queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!) { Code = 30 });
        queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!) { Code = 30 });
        queue.TryEnqueue(new InputCommand(InputKind.MoveTo, null!) { X = 1, Y = 1 });
        queue.TryEnqueue(new InputCommand(InputKind.MoveTo, null!) { X = 9, Y = 8 });
        List<string> taken = [];
        while (queue.TryDequeue(out InputCommand command))
            taken.Add($"{command.Kind} {command.Code} {command.X},{command.Y}");
        Assert.Equal(["MoveBy 0 4,-3", "PressKey 30 0,0", "PressKey 30 0,0", "MoveTo 0 9,8"], taken);
    }

    [Fact]
    public void A_full_queue_refuses_and_keeps_what_it_has()
    {
        CommandQueue queue = new();
        for (uint i = 0; i < CommandQueue.Capacity; i++)
            Assert.True(queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!) { Code = i }));
        Assert.False(queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!) { Code = 4711 }));
        for (uint i = 0; i < CommandQueue.Capacity; i++)
        {
            Assert.True(queue.TryDequeue(out InputCommand command));
            Assert.Equal(i, command.Code);
        }

        Assert.False(queue.TryDequeue(out _));
    }

    [Fact]
    public void Queueing_allocates_nothing()
    {
        CommandQueue queue = new();
        queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!));
        queue.TryDequeue(out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint i = 0; i < 10_000; i++)
        {
            queue.TryEnqueue(new InputCommand(InputKind.PressKey, null!) { Code = i });
            queue.TryDequeue(out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
