using CsCheck;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class RangeSetTests
{
    private const int Universe = 64;

    [Fact]
    public void Agrees_with_an_array_of_flags_whatever_is_added_and_removed()
    {
        Gen.Select(Gen.Bool, Gen.Int[0, Universe], Gen.Int[0, Universe]).Array[0, 40].Sample(operations =>
        {
            var set = new RangeSet();
            var model = new bool[Universe];
            foreach (var (add, a, b) in operations)
            {
                var (start, end) = (Math.Min(a, b), Math.Max(a, b));
                if (add)
                    set.Add(start, end);
                else
                    set.Remove(start, end);
                Array.Fill(model, add, start, end - start);
            }

            Check(set, model);
            var bytes = new byte[set.SerializedLength];
            set.WriteTo(bytes);
            Assert.True(RangeSet.TryRead(bytes, out var again));
            Check(again, model);
        });
    }

    [Fact]
    public void Bytes_that_are_no_set_are_refused()
    {
        Assert.False(RangeSet.TryRead([], out _));
        Assert.False(RangeSet.TryRead([1, 0, 0, 0], out _));
        var set = new RangeSet();
        set.Add(5, 9);
        set.Add(20, 30);
        var bytes = new byte[set.SerializedLength];
        set.WriteTo(bytes);
        bytes[4] = 50;
        Assert.False(RangeSet.TryRead(bytes, out _));
    }

    private static void Check(RangeSet set, bool[] model)
    {
        Assert.Equal(model.Count(present => present), set.TotalLength);
        for (var i = 1; i < set.Count; i++)
            Assert.True(set[i - 1].End < set[i].Start);
        for (var start = 0; start <= Universe; start++)
        {
            var next = Array.IndexOf(model, true, start);
            Assert.Equal(next, set.NextPresent(start));
            var runEnd = start;
            while (runEnd < Universe && model[runEnd])
                runEnd++;
            Assert.Equal(runEnd, set.EndOfRangeAt(start));
            for (var end = start; end <= Universe; end++)
            {
                var part = model[start..end];
                Assert.Equal(part.All(present => present), set.Contains(start, end));
                Assert.Equal(part.Count(present => present), set.CountWithin(start, end));
                Assert.Equal(part.Count(present => !present), set.Gaps(start, end).Sum(gap => gap.Length));
            }
        }
    }
}
