using CsCheck;
using FtpMount.Service.Options;

namespace FtpMount.Service.Tests.Options;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("mout", "mount", 1)]
    [InlineData("mnout", "mount", 2)]
    [InlineData("muont", "mount", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits(string left, string right, int distance) => Assert.Equal(distance, NearestName.Distance(left, right));

    [Fact]
    public void Distance_is_symmetric_and_zero_only_for_equal_names() =>
        Gen.Select(Gen.String[Gen.Char["abc"], 0, 6], Gen.String[Gen.Char["abc"], 0, 6]).Sample((a, b) =>
            NearestName.Distance(a, b) == NearestName.Distance(b, a) && (NearestName.Distance(a, b) == 0) == (a == b));

    [Fact]
    public void Nothing_is_near_when_half_of_the_letters_differ() => Assert.Null(NearestName.Find("xyz", ["mount", "status"]));
}
