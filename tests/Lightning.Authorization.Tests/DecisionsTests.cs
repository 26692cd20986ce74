using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Lightning.Authorization.Tests;

public sealed class DecisionsTests
{
    [Fact]
    public async Task Decisions_are_counted_from_zero_by_verb_and_outcome()
    {
        var counted = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, me) =>
        {
            if (instrument.Name == "lightning.rules.decisions")
                me.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (_, value, tags, _) => counted[string.Join(' ', tags.ToArray().Select(tag => tag.Value))] = value
        );
        listener.Start();

        var policy = new CountedPolicy();
        listener.RecordObservableInstruments();
        foreach (var verb in (string[])["Read", "Update", "Delete"])
        foreach (var outcome in (string[])["allowed", "denied", "narrowed"])
            counted[$"CountedPolicy {verb} {outcome}"].ShouldBe(0, $"{verb} {outcome}");

        policy.Scope(Shelf.Ada, Verb.Read);
        (
            await policy.MayAsync(null!, Shelf.Ada, Verb.Read, new Book(), TestContext.Current.CancellationToken)
        ).ShouldBeTrue();
        (
            await policy.MayAsync(
                null!,
                Shelf.Bob,
                Verb.Update,
                new Book { OwnerId = Shelf.Ada.UserId },
                TestContext.Current.CancellationToken
            )
        ).ShouldBeFalse();
        policy.Scope(Shelf.Ada, Verb.Update);
        policy.Scope(Shelf.Ada, Verb.Delete);
        policy.IsPossible(Shelf.Root, Verb.Delete).ShouldBeTrue(); // not counted: only decides what to show
        listener.RecordObservableInstruments();
        counted["CountedPolicy Read allowed"].ShouldBe(2);
        counted["CountedPolicy Update denied"].ShouldBe(1);
        counted["CountedPolicy Update narrowed"].ShouldBe(1);
        counted["CountedPolicy Delete denied"].ShouldBe(1);
        counted
            .Where(pair => pair.Key.StartsWith("CountedPolicy ", StringComparison.Ordinal))
            .Sum(pair => pair.Value)
            .ShouldBe(5);
    }

    sealed class CountedPolicy : Policy<Book>
    {
        static readonly Rule<Book> Owner = Rule.For<Book>((actor, book) => book.OwnerId == actor.UserId);

        public CountedPolicy()
        {
            Allow(Verb.Read, Is.SignedIn);
            Allow(Verb.Update, Owner);
            Allow(Verb.Delete, Is.Admin);
        }
    }
}
