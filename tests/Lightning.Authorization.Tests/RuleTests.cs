namespace Lightning.Authorization.Tests;

public class RuleTests
{
    sealed record Row(Guid OwnerId, bool Open);

    static readonly Actor Ada = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: false, IsVerified: true);
    static readonly Actor Root = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: false);
    static readonly Rule<Row> Owner = Rule.For<Row>((actor, row) => row.OwnerId == actor.UserId);
    static readonly Rule<Row> Open = Rule.For<Row>((_, row) => row.Open);

    public static TheoryData<string> Rules => [.. Compositions.Keys];

    static readonly Dictionary<string, (Rule<Row> Rule, Func<Actor, Row, bool> Truth)> Compositions = new()
    {
        ["owner"] = (Owner, (actor, row) => row.OwnerId == actor.UserId),
        ["owner | open"] = (Owner | Open, (actor, row) => row.OwnerId == actor.UserId || row.Open),
        ["owner & open"] = (Owner & Open, (actor, row) => row.OwnerId == actor.UserId && row.Open),
        ["owner ^ open"] = (Owner ^ Open, (actor, row) => row.OwnerId == actor.UserId ^ row.Open),
        ["!owner"] = (!Owner, (actor, row) => row.OwnerId != actor.UserId),
        ["owner | admin"] = (Owner | Is.Admin, (actor, row) => row.OwnerId == actor.UserId || actor.IsAdmin),
        ["owner & verified"] = (Owner & Is.Verified, (actor, row) => row.OwnerId == actor.UserId && actor.IsVerified),
        ["open ^ admin"] = (Open ^ Is.Admin, (actor, row) => row.Open ^ actor.IsAdmin),
        ["!(owner | admin) & open"] = (
            !(Owner | Is.Admin) & Open,
            (actor, row) => !(row.OwnerId == actor.UserId || actor.IsAdmin) && row.Open
        ),
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Object_check_and_filter_agree_with_the_truth_table(string name)
    {
        var (rule, truth) = Compositions[name];
        foreach (var actor in new[] { Ada, Root })
        foreach (
            var row in from owner in new[] { Ada.UserId, Root.UserId, Guid.Empty }
            from open in new[] { true, false }
            select new Row(owner, open)
        )
        {
            rule.Decide(actor, row).ShouldBe(truth(actor, row));
            rule.For(actor).Apply(new[] { row }.AsQueryable()).Any().ShouldBe(truth(actor, row));
        }
    }

    [Fact]
    public void Rule_decided_by_the_actor_has_no_condition_on_rows()
    {
        (Owner | Is.Admin).For(Root).ShouldBeSameAs(Condition<Row>.Always);
        (Owner & Is.Admin).For(Ada).ShouldBeSameAs(Condition<Row>.Never);
        (Owner & Is.Admin).For(Ada).IsPossible.ShouldBeFalse();
    }
}
