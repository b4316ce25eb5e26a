using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

public sealed class RefinementMapTests
{
    private const long Ms = 1_000_000;
    private static readonly PictureSize Size = new(64, 32);

    private readonly RefinementMap _map = new(Size);
    private readonly TileMap _changed = new(Size, 16);

    [Fact]
    public void Nothing_is_due_before_anything_has_changed()
    {
        Assert.Equal(long.MaxValue, _map.NextNs);
        Assert.Equal(0, _map.Plan(_changed, 5000 * Ms));
    }

    [Fact]
    public void A_block_takes_its_steps_a_tenth_of_a_second_apart_and_then_rests()
    {
        Change(2, 1, 1000 * Ms);
        for (int step = 1; step <= RefinementMap.LastStep; step++)
        {
            long due = _map.NextNs;
            Assert.InRange(due, (1000 + 100 * step) * Ms, (1002 + 100 * step) * Ms);
            Assert.Equal(0, _map.Plan(_changed, due - 2 * Ms));
            Assert.Equal(step, _map.Plan(_changed, due));
            Assert.Equal(step, _map.Steps[4 + 2]);
            Assert.Equal(step, _map.Steps.ToArray().Sum(s => s));
            _map.Commit(_changed, false, step, due);
        }

        Assert.Equal(long.MaxValue, _map.NextNs);
    }

    [Fact]
    public void A_block_at_rest_is_sharpened_while_another_moves()
    {
        Change(0, 0, 1000 * Ms);
        int sharpened = 0;
        for (long now = 1016 * Ms; now < 1500 * Ms; now += 16 * Ms)
        {
            _changed.Clear();
            _changed.Set(3, 1);
            int step = _map.Plan(_changed, now);
            if (step > 0)
            {
                Assert.Equal(step, _map.Steps[0]);
                Assert.Equal(0, _map.Steps[7]);
                sharpened++;
            }

            _map.Commit(_changed, false, step, now);
        }

        Assert.Equal(RefinementMap.LastStep, sharpened);
    }

    [Fact]
    public void A_key_frame_makes_everything_coarse_again()
    {
        _map.Commit(_changed, true, 0, 1000 * Ms);
        Assert.Equal(1, _map.Plan(_changed, 1101 * Ms));
        Assert.Equal(8, _map.Steps.ToArray().Sum(s => s));
    }

    [Fact]
    public void In_portions_a_block_takes_all_steps_at_once_and_each_picture_its_share()
    {
        var map = new RefinementMap(Size, inPortions: true);
        map.Commit(_changed, true, 0, 1000 * Ms);
        Assert.Equal(0, map.Plan(_changed, 1099 * Ms, 3));
        var taken = new List<int>();
        for (long now = 1101 * Ms; map.NextNs < long.MaxValue; now += 16 * Ms)
        {
            Assert.Equal(RefinementMap.LastStep, map.Plan(_changed, now, 3));
            int[] due = [.. Enumerable.Range(0, map.Steps.Length).Where(i => map.Steps[i] > 0)];
            Assert.InRange(due.Length, 1, 3);
            taken.AddRange(due);
            map.Commit(_changed, false, RefinementMap.LastStep, now);
        }

        Assert.Equal(Enumerable.Range(0, 8), taken.Order());
    }

    [Fact]
    public void A_block_that_never_rests_does_not_keep_the_others_from_their_portion()
    {
        var map = new RefinementMap(Size, inPortions: true);
        map.Commit(_changed, true, 0, 1000 * Ms);
        for (long now = 1101 * Ms; now < 2400 * Ms; now += 101 * Ms)
        {
            // The first block is due again with each portion.
            map.Plan(_changed, now, 1);
            map.Commit(_changed, false, RefinementMap.LastStep, now);
            _changed.Set(0, 0);
            map.Commit(_changed, false, 0, now);
            _changed.Clear();
        }

        map.Plan(_changed, 2500 * Ms, 8);
        Assert.Equal(1, map.Steps.ToArray().Count(static step => step > 0));
    }

    [Fact]
    public void Blocks_that_come_to_rest_one_by_one_are_sharpened_together()
    {
        var size = new PictureSize(1280, 800);
        var map = new RefinementMap(size, inPortions: true);
        var changed = new TileMap(size, 16);
        var none = new TileMap(size, 16);
        const int blocks = 60;
        var changedAt = new long[blocks];
        int pictures = 0, sharp = 0;
        for (long now = 1000 * Ms; now < 2500 * Ms; now += 4 * Ms)
        {
            int block = (int)((now - 1000 * Ms) / (16 * Ms));
            if (block < blocks && changedAt[block] == 0)
            {
                changed.Clear();
                changed.Set(block, 7);
                changedAt[block] = now;
                map.Commit(changed, false, 0, now);
            }

            if (map.NextNs > now)
                continue;
            map.Plan(none, now, 250);
            ReadOnlySpan<byte> row = map.Steps.Slice(7 * 80, blocks);
            for (int i = 0; i < blocks; i++)
            {
                if (row[i] > 0)
                    Assert.InRange(now - changedAt[i], RefinementMap.RestNs, 210 * Ms);
            }

            sharp += blocks - row.Count((byte)0);
            pictures++;
            map.Commit(none, false, RefinementMap.LastStep, now);
        }

        Assert.Equal(blocks, sharp);
        Assert.InRange(pictures, 1, 12);
        Assert.Equal(long.MaxValue, map.NextNs);
    }

    [Fact]
    public void Many_blocks_do_not_wait_for_more()
    {
        var size = new PictureSize(1280, 800);
        var map = new RefinementMap(size, inPortions: true);
        var changed = new TileMap(size, 16);
        changed.Add(new PixelRect(100, 100, 320, 160));
        map.Commit(changed, false, 0, 1000 * Ms);
        Assert.InRange(map.NextNs, 1100 * Ms, 1102 * Ms);
        changed.Clear();
        changed.Add(new PixelRect(100, 100, 16, 16));
        map = new RefinementMap(size, inPortions: true);
        map.Commit(changed, false, 0, 1000 * Ms);
        Assert.InRange(map.NextNs, 1200 * Ms, 1202 * Ms);
    }

    [Fact]
    public void What_was_sharp_at_once_is_not_due()
    {
        _changed.Set(1, 1);
        _map.Commit(_changed, false, 0, 1000 * Ms, isSharp: true);
        Assert.Equal(long.MaxValue, _map.NextNs);
    }

    private void Change(int column, int row, long nowNs)
    {
        _changed.Set(column, row);
        _map.Commit(_changed, false, 0, nowNs);
        _changed.Clear();
    }
}
